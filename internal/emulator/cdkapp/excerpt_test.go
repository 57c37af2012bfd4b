package cdkapp

import (
	"strings"
	"testing"
)

// bundlingFailure contains the output of an app that can't compile a function.
const bundlingFailure = "# example.com/shop/functions/notify\n" +
	"functions/notify/main.go:21:1: syntax error\n" +
	"panic: Failed to bundle asset Shop/Notify/Code/Stage: Error: bash exited with status 1\n\n" +
	"goroutine 1 [running]:\nmain.main()\n\t/shop/main.go:23 +0x414\nexit status 2\n"

func TestExcerpt_ReturnsReasonOfFailure(t *testing.T) {
	tests := []struct{ name, output, want string }{
		{
			"a function does not compile",
			"Bundling asset Shop/Orders/ApiFunction/Code/Stage...\n" + bundlingFailure,
			"# example.com/shop/functions/notify\nfunctions/notify/main.go:21:1: syntax error",
		},
		{
			"the app does not compile",
			"# example.com/shop\n./main.go:3:2: undefined: x\n",
			"# example.com/shop\n./main.go:3:2: undefined: x",
		},
		{
			"the app panics",
			"panic: There is already a Construct\nwith that name\n\ngoroutine 1 [running]:\n",
			"panic: There is already a Construct\nwith that name",
		},
		{
			"it goes on and on",
			strings.Repeat("x\n", 100),
			strings.Repeat("x\n", excerptLines) + "…",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := Excerpt(test.output); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
