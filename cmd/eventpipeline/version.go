package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/cli/tty"
)

// buildVersion describes the build of this program.
type buildVersion struct {
	Version  string `json:"version"`            // of the module; (devel) in a working copy
	Commit   string `json:"commit,omitempty"`   // empty if the go command recorded no commit
	Time     string `json:"time,omitempty"`     // of the commit
	Modified bool   `json:"modified,omitempty"` // the working copy had changes
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

// versionOf returns the version in the build information. info can be nil.
func versionOf(info *debug.BuildInfo) buildVersion {
	v := buildVersion{
		Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH,
	}
	if info == nil {
		return v
	}
	v.Version = cmp.Or(info.Main.Version, v.Version)
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.Time = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

// String returns the version and the commit.
func (v buildVersion) String() string {
	if v.Commit == "" {
		return v.Version
	}
	commit := v.Commit[:min(len(v.Commit), 12)]
	if v.Modified {
		commit += ", modified"
	}
	return fmt.Sprintf("%s (%s)", v.Version, commit)
}

func newVersionCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program",
		Long: `Prints the version of the module and, if the go command recorded it, the commit.
"go run" and "go tool" record no commit.`,
		Example: `  eventpipeline version
  eventpipeline version --json | jq -r .version`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			info, _ := debug.ReadBuildInfo()
			v := versionOf(info)
			if asJSON {
				return printJSON(cmd.OutOrStdout(), v)
			}
			table := tty.NewTable(cmd.OutOrStdout())
			table.Field("version", v.Version)
			table.Field("commit", v.Commit)
			table.Field("committed", v.Time)
			if v.Modified {
				table.Field("modified", "yes")
			}
			table.Field("go", v.Go+" "+v.Platform)
			return table.Flush()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	return cmd
}
