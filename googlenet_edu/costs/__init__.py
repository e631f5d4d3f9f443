"""What every layer of GoogLeNet gives and costs, by arithmetic alone: nothing runs, no torch.

    from googlenet_edu.costs import ledger

    print(ledger(224, batch_size=20))

`counting` walks through the layers, `rows` holds what it finds, `blocks` compares the nine
Inception blocks, `paper` quotes Table 1, `table` writes tables.
Chapters: book/network/googlenet, book/network/stage3, book/network/table1.
"""

from .blocks import (
    BlockFacts,
    BlockLayer,
    FactsTable,
    block_facts,
    compare_blocks,
    network_shares,
)
from .counting import ledger
from .paper import TABLE1, PaperRow
from .rows import BlockRow, Ledger, LedgerRow

__all__ = [
    "TABLE1",
    "BlockFacts",
    "BlockLayer",
    "BlockRow",
    "FactsTable",
    "Ledger",
    "LedgerRow",
    "PaperRow",
    "block_facts",
    "compare_blocks",
    "ledger",
    "network_shares",
]
