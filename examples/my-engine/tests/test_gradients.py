from paragrad.reports.testing import assert_parity


def test_gradients():
    assert_parity("my_engine.py:Value")
