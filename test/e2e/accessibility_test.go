package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// axeFile is the script of axe-core, a checker of web pages. .ci/run installs it.
const axeFile = "../../cdk.out/clients/node_modules/axe-core/axe.min.js"

// violation is a rule that some elements of a page violate.
type violation struct {
	ID, Impact string
	Nodes      []struct{ HTML, FailureSummary string }
}

// checkAccessibility checks a page with axe-core. Without axe-core, it skips the check. If the
// environment variable CLIENTS_REQUIRED contains axe, the test fails instead.
func (b *tab) checkAccessibility(t *testing.T, name string, width int64, theme string) {
	t.Run("Accessibility/"+name, func(t *testing.T) {
		axe, err := os.ReadFile(axeFile)
		switch {
		case err == nil:
		case slices.Contains(strings.Fields(os.Getenv("CLIENTS_REQUIRED")), "axe"):
			t.Fatal(err)
		default:
			t.Skip("NOT TESTED: the console's accessibility; install axe-core in cdk.out/clients")
		}
		var found []violation
		awaitPromise := func(p *runtime.EvaluateParams) *runtime.EvaluateParams {
			return p.WithAwaitPromise(true)
		}
		b.do(t, chromedp.EmulateViewport(width, 900), emulateTheme(theme),
			chromedp.Evaluate(string(axe)+";undefined", nil),
			chromedp.Evaluate(`axe.run({exclude: ["section.refused:nth-of-type(n+10)"]},
				{resultTypes: ["violations"]}).then((r) => r.violations)`, &found, awaitPromise))
		for _, v := range found {
			if v.Impact != "serious" && v.Impact != "critical" {
				continue
			}
			for _, node := range v.Nodes {
				t.Errorf("%d px, %s theme: %s (%s): %.300s\n%s",
					width, theme, v.ID, v.Impact, node.HTML, node.FailureSummary)
			}
		}
	})
}

func emulateTheme(theme string) chromedp.Action {
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme},
	})
}
