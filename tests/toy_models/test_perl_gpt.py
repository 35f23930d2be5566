"""The second shipped model: the one that its card describes, of the family it says, and its texts as promised."""

import hashlib
import json
from itertools import combinations

import numpy as np
import pytest

from real_models.checkpoints.checkpoint import read_checkpoint
from toy_models import perl_gpt
from toy_models.perl_gpt import CHECKPOINT, CONCEPTS, NEGATIVES, USES, corpus, targets, texts
from toy_models.stdlib_gpt.corpus import Document
from toy_models.stdlib_gpt.targets import mask_hash
from toy_models.stdlib_gpt.texts import SEGMENT_TOKENS, SEGMENTS, Span, token_count
from toy_models.stdlib_gpt.tokenizer import load_tokenizer

FIGURES = CHECKPOINT.parent / "data" / "figures.json"
MOST_BYTES = 8_000_000


def test_it_is_small_and_the_one_that_was_measured():
    weights = (CHECKPOINT / "model.safetensors").read_bytes()
    figures = json.loads(FIGURES.read_text())
    assert len(weights) <= MOST_BYTES
    assert hashlib.sha256(weights).hexdigest() == figures["weights_sha256"]
    assert f"{figures['model_bits_per_byte']:.3f}" in (CHECKPOINT / "README.md").read_text(encoding="utf-8")


def test_it_is_a_gpt2_of_the_recipe_and_better_than_what_counts():
    spec, params = read_checkpoint(CHECKPOINT)
    pytest.importorskip("optax")
    from toy_models.perl_gpt.train import SPEC

    assert spec == SPEC
    assert "positions" in params
    assert "bias" in params["final_norm"]
    assert json.loads(FIGURES.read_text())["model_over_trigram"] < 1


@pytest.mark.slow
def test_transformers_reads_the_same_model():
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from real_models import load_model

    model = load_model(CHECKPOINT)
    peer = transformers.AutoModelForCausalLM.from_pretrained(CHECKPOINT, dtype=torch.float32).eval()
    ids = model.encode("sub new {\n    my ($class, %args) = @_;")
    with torch.no_grad():
        expected = peer(torch.tensor([ids])).logits[0].numpy()
    # float32 sums of some hundred terms in another order
    np.testing.assert_allclose(np.asarray(model.position_logits(ids)), expected, atol=2e-4)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_texts_are_as_many_as_promised_and_no_use_shares_one_with_another(concept):
    contexts = {text for more in (False, True) for side in perl_gpt.contexts(concept, further=more) for text in side}
    assert len(contexts) == 32
    sets = [contexts, set(perl_gpt.segments())]
    for use in USES:
        contrastive, random = (perl_gpt.prompts(concept, use, negatives) for negatives in NEGATIVES)
        assert contrastive[0] == random[0]
        assert {len(side) for side in (*contrastive, *random)} == {texts.PROMPTS[concept]}
        sets.append({text for side in (*contrastive, *random) for text in side})
    for one, other in combinations(sets, 2):
        assert not any(x in y or y in x for x in one for y in other)


def test_segments_have_equally_many_tokens():
    bpe = load_tokenizer(CHECKPOINT)
    assert {token_count(bpe, text) for text in perl_gpt.segments()} == {SEGMENT_TOKENS}
    assert len(perl_gpt.segments()) == SEGMENTS


@pytest.mark.parametrize("concept", CONCEPTS)
def test_target_sets_are_the_hashed_ones_and_hold_what_they_say(concept):
    mask = perl_gpt.target_tokens(concept)
    assert {"tokens": int(mask.sum()), "sha256": mask_hash(mask)} == json.loads(targets.HASHES.read_text())[concept]
    bpe = load_tokenizer(CHECKPOINT)
    words = {bpe.decode([int(i)]).strip() for i in np.flatnonzero(mask)}
    assert words <= targets.WORDS if concept == "perl_code" else all(word.isupper() for word in words)
    assert len(words) >= 50


def test_a_file_is_its_code_and_its_documentation_without_people(tmp_path):
    (tmp_path / "unicore").mkdir()
    (tmp_path / "unicore" / "Name.pl").write_text("table")
    pod = "=head1 NAME\n\nA, write to a.b@c.org\n\n=head1 AUTHOR\n\nSomebody\n\n=cut\n"
    (tmp_path / "A.pm").write_text(f"package A;\n\n{pod}1;\n")
    code, prose = corpus.documents(tmp_path)
    assert (code.kind, prose.kind) == ("code", "prose")
    assert code.text == "package A;\n\n1;\n"
    assert "=head1 NAME" in prose.text
    assert "user@example.org" in prose.text
    assert "Somebody" not in prose.text
    with pytest.raises(FileNotFoundError, match="no Perl source"):
        corpus.documents(tmp_path / "nothing")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("my $x = shift; return $x + 1;", True),
        ("# a long comment about $x and more\nmy $x;", False),
        ("print 'a long literal text, $quoted';", False),
        ("return 1;", False),
    ],
)
def test_code_has_variables_outside_quotes_and_comments(text, code):
    document = Document(name="d", kind="code", text=text)
    assert texts.is_perl(Span(document=document, start=0, end=len(text))) is code


def test_a_tampered_name_is_refused():
    with pytest.raises(ValueError, match="unknown concept 'python_code', expected one of perl_code, uppercase"):
        perl_gpt.prompts("python_code")
