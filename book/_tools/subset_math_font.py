"""Cut STIX Two Math down to the glyphs this book's formulas need.

    python -m pip install fonttools brotli ziamath
    python book/_tools/subset_math_font.py

Only needed when a formula shows an empty box: add the character below and run it again. The
source font is the one inside the ziamath package (SIL Open Font License 1.1).
"""

from importlib.util import find_spec
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

TARGET = Path(__file__).parents[1] / "_static" / "fonts" / "stix-two-math-subset.woff2"
RANGES = [
    (0x20, 0x7E),  # ASCII
    (0x391, 0x3A9),  # Greek capitals
    (0x3B1, 0x3C9),  # Greek small letters
    (0x1D400, 0x1D467),  # bold, italic and bold italic Latin: what a browser shows for <mi>x</mi>
    (0x1D49C, 0x1D4CF),  # script Latin, and its letters that stand elsewhere
    (0x1D6A8, 0x1D755),  # bold, italic Greek
    (0x1D7CE, 0x1D7D7),  # bold digits
]
SINGLE = (
    "\u00a0\u2002\u2003\u2009\u200a\u205f\u2061\u2062\u2063"
    "¬±×÷·¯ˆ˜′″…⋯⋮⋱†ℎℓℕℝℤ𝟙ℒℬℰℱℋℐℳℛϵϕϑı𝚤"
    "←↑→↓↔↦⇐⇒⇔∀∂∃∅∆∇∈∉∏∑−∓∗∘√∝∞∣∥∧∨∩∪∫∼≃≅≈≔≠≡≤≥≪≫⊂⊆⊕⊖⊗⊙⋅⋆⌈⌉⌊⌋⟨⟩‖⏞⏟⎴⎵"
)


def main():
    source = Path(find_spec("ziamath").origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
    options = Options(flavor="woff2", hinting=False, desubroutinize=True)
    options.layout_features = ["ssty", "dtls", "flac"]  # script sizes, dotless letters, accents
    options.name_IDs = ["*"]  # keep the copyright and the license in the font
    options.drop_tables += ["GPOS", "DSIG"]
    font = load_font(str(source), options)
    subset = Subsetter(options)
    wanted = {code for first, last in RANGES for code in range(first, last + 1)}
    subset.populate(unicodes=wanted | {ord(letter) for letter in SINGLE})
    subset.subset(font)
    save_font(font, str(TARGET), options)
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes, {len(font.getGlyphOrder())} glyphs")


if __name__ == "__main__":
    main()
