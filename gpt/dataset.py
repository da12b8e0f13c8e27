"""The practical's two data sets, and `python gpt/dataset.py namedata|charcorruption`.

Each example is a string of characters; x is all but its last, y all but its first. PAD (id 0) in
y is left out of the loss.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __package__ in (None, ""):  # run as a script: let `import gpt` find the folder's parent
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import Dataset

from gpt.arguments import positive, seed
from gpt.corpus import Pair, find, read_documents, read_pairs
from gpt.pieces import Examples
from gpt.vocabulary import MASK, MASK_ID, PAD_ID, Vocabulary
from reports.record import ArgumentParser, InputError, exit_on_input_error, printable

Ids = Int[np.ndarray, " length"]
Example = tuple[Int[Tensor, " block-1"], Int[Tensor, " block-1"]]


class CharCorruptionDataset(Dataset[Example]):
    """Span corruption (a simplification of Raffel et al. 2020, T5): one masked span a document.

    Document i, truncated, is split into prefix, masked content and suffix and rearranged as
    `prefix MASK suffix MASK masked`, then padded to the block.
    """

    def __init__(
        self,
        data: str,
        block_size: int = 128,
        seed: int = 0,
        whole_lines: bool = False,
        closing_mask: bool = False,
        extra_position: bool = False,
    ) -> None:
        """`data`: the corpus, one document a line (empty last lines dropped).

        whole_lines: truncate to 7/8 of the block alone, not to a random length below it
        closing_mask: a third MASK after the masked content, as some years of the course have it
        extra_position: pad to block + 1, so that x and y have the block's length, likewise
        """
        self.vocabulary = Vocabulary.of_text(data)
        self.stoi, self.itos = self.vocabulary.stoi, self.vocabulary.itos
        self.block_size, self.vocab_size = block_size, len(self.vocabulary)
        self.length = block_size + extra_position
        self.longest = block_size * 7 // 8
        self.whole_lines, self.closing_mask = whole_lines, closing_mask
        documents = data.rstrip("\n").split("\n")
        self.documents = [np.array(self.vocabulary.encode(d), dtype=np.int64) for d in documents]
        self.generator = np.random.default_rng(seed)
        sizes = torch.tensor([len(d) for d in self.documents])
        self.offsets = 1 + sizes.cumsum(0) - sizes
        self.sizes = sizes
        self.symbols = torch.from_numpy(np.concatenate([[MASK_ID], *self.documents]))

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(self, index: int) -> Example:
        """A fresh random corruption of document `index`."""
        return as_example(self.corrupt(index, self.generator.random(4)), self.length)

    def corrupt(self, index: int, u: Float[np.ndarray, " 4"]) -> Int[Tensor, " length"]:
        """The corruption of document `index` that four uniform numbers decide."""
        return self.examples(torch.tensor([index]), torch.from_numpy(u)[None]).ids(0)

    def examples(self, chosen: Int[Tensor, " n"], u: Float[Tensor, "n 4"]) -> Examples:
        """The corruptions of the chosen documents that four uniform numbers of [0, 1) decide.

        The length after truncation is uniform on 4 … 7/8 of the block (or the document's, if that
        is less); the masked content's is uniform on 1 … h − 1 with h half of it, rounded up or
        down with probability ½, so that a quarter is masked on average; its start is uniform.
        """
        longest = torch.full_like(chosen, self.longest)
        if not self.whole_lines:
            longest = 4 + (u[:, 0] * (self.longest - 3)).long()
        size = torch.minimum(self.sizes[chosen], longest)
        half = (size + (u[:, 1] < 0.5).long()) // 2
        masked = torch.minimum(size, 1 + (u[:, 2] * (half - 1).clamp(min=1)).long())
        start = (u[:, 3] * (size - masked + 1)).long()
        begin, end = self.offsets[chosen], start + masked
        mask = torch.tensor([0, 1], device=chosen.device).expand(len(chosen), 2)
        prefix = torch.stack((begin, start), -1)
        suffix = torch.stack((begin + end, size - end), -1)
        content = torch.stack((begin + start, masked), -1)
        parts = [prefix, mask, suffix, mask, content] + [mask] * self.closing_mask
        return Examples(self.symbols, torch.stack(parts, 1), torch.zeros_like(chosen))


class NameDataset(Dataset[Example]):
    """`question MASK place MASK`, padded to the block; the question is not a target.

    The course decodes the training pairs as ASCII and drops every other character, though it
    keeps them in evaluation; `ascii_only` does the same.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        pairs: list[Pair],
        block_size: int = 128,
        source: Path = Path("training pairs"),
        ascii_only: bool = True,
    ) -> None:
        """`source`: the file that the pairs were read from, for messages.

        Raises: InputError for a pair without place, with an unknown character, or beyond the block.
        """
        self.vocabulary = vocabulary
        self.block_size = block_size
        self.rows: list[Ids] = []
        silent = []
        for pair in pairs:
            question, place = pair.question, pair.place
            if place is None:
                raise InputError(f"{source}:{pair.line}: no tab between question and place")
            if ascii_only:
                question, place = _ascii(question), _ascii(place)
            self.rows.append(self._row(f"{source}:{pair.line}", question, place))
            silent.append(len(question) - 1)
        self.silent = torch.tensor(silent, dtype=torch.long)
        self.sizes = torch.tensor([len(row) for row in self.rows], dtype=torch.long)
        self.symbols = torch.from_numpy(np.concatenate([np.zeros(0, np.int64), *self.rows]))

    def _row(self, where: str, question: str, place: str) -> Ids:
        text = question + MASK + place + MASK
        if len(text) > self.block_size:
            raise InputError(
                f"{where}: {printable(question)!r} needs {len(text)} characters with its place and "
                f"two {MASK}, more than the block's {self.block_size}"
            )
        try:
            return np.array(self.vocabulary.encode(text), dtype=np.int64)
        except InputError as problem:
            raise InputError(f"{where}: {problem}") from None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Example:
        x, y = as_example(torch.from_numpy(self.rows[index]), self.block_size)
        y[: self.silent[index]] = PAD_ID
        return x, y

    def examples(self, chosen: Int[Tensor, " n"]) -> Examples:
        """The chosen pairs."""
        starts = self.sizes.cumsum(0) - self.sizes
        pieces = torch.stack((starts, self.sizes), -1)[chosen, None]
        return Examples(self.symbols, pieces, self.silent[chosen])


def as_example(ids: Int[Tensor, " size"], length: int) -> Example:
    """Pad to `length` and shift: x is all but the last id, y all but the first."""
    padded = torch.full((length,), PAD_ID, dtype=torch.long)
    padded[: len(ids)] = ids
    return padded[:-1].clone(), padded[1:].clone()


def _ascii(text: str) -> str:
    return text.encode("ascii", errors="ignore").decode("ascii")


def main(argv: list[str] | None = None) -> int:
    """Print a few examples of a data set, as the handout describes."""
    parser = ArgumentParser(description="Print examples of one of the two data sets.")
    parser.add_argument("dataset_type", choices=["namedata", "charcorruption"])
    parser.add_argument("--pretrain_corpus_path", default="wiki.txt")
    parser.add_argument("--finetune_corpus_path", default="birth_places_train.tsv")
    parser.add_argument("--corpus", default="embedded", help="corpus under data/corpora/")
    parser.add_argument("--seed", type=seed, default=0)
    parser.add_argument("--examples", type=positive, default=4)
    arguments = parser.parse_args(argv)
    text = read_documents(find(arguments.pretrain_corpus_path, arguments.corpus))
    corruption = CharCorruptionDataset(text, seed=arguments.seed)
    print(f"data has {len(text)} characters, {corruption.vocab_size} symbols with PAD and MASK")
    dataset: CharCorruptionDataset | NameDataset = corruption
    if arguments.dataset_type == "namedata":
        path = find(arguments.finetune_corpus_path, arguments.corpus)
        pairs = read_pairs(path)[: arguments.examples]
        dataset = NameDataset(corruption.vocabulary, pairs, source=path)
    for index in range(min(arguments.examples, len(dataset))):
        x, y = dataset[index]
        print("x:", corruption.vocabulary.decode(x.tolist()))
        print("y:", corruption.vocabulary.decode(y.tolist()))
    return 0


if __name__ == "__main__":
    exit_on_input_error(main)
