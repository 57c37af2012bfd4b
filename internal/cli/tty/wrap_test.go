package tty

import "testing"

func TestWrapLines_BreaksBetweenWords(t *testing.T) {
	for text, want := range map[string]string{
		"12:00  done\n":                "12:00  done\n",
		"12:00  processed  id=1\nx\n":  "12:00\n    processed\n    id=1\nx\n",
		"one \x1b[31mtwo\x1b[0m six\n": "one \x1b[31mtwo\x1b[0m six\n",
		"a-word-that-is-too-long ok":   "a-word-that-is-too-long\n    ok",
		"\n":                           "\n",
	} {
		if got := wrapLines(text, 14, wrapIndent); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWrapLines_ContinuesBelowTheSecondColumn(t *testing.T) {
	for text, want := range map[string]string{
		"reason  must be one of\n":  "reason  must be\n        one of\n",
		"at  s3://a-long-address\n": "at  s3://a-long-address\n",
		"a long name  two three\n":  "a long name  two\n    three\n",
	} {
		if got := wrapLines(text, 16, tableIndent(16)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestFit_FillsParagraphsAndKeepsIndentedLines(t *testing.T) {
	text := "Posts events to a\npipeline.\n\nUsage:\n  send [FILE] [flags]\n\n" +
		"Flags:\n  --api  URL of the API\n"
	want := "Posts events\nto a pipeline.\n\nUsage:\n  send [FILE]\n    [flags]\n\n" +
		"Flags:\n  --api  URL\n    of the API\n"
	if got := Fit(text, 14); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
