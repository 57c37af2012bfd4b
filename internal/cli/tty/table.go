package tty

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Table prints rows with aligned columns. Flush it at the end.
type Table struct{ *tabwriter.Writer }

// NewTable returns a table that prints to w.
func NewTable(w io.Writer) Table {
	return Table{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
}

// Row adds a row.
func (t Table) Row(cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			fmt.Fprint(t, "\t")
		}
		fmt.Fprint(t, cell)
	}
	fmt.Fprintln(t)
}
