package console

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"strconv"
	"strings"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/jsonpointer"
	"github.com/event-driven-cloud-platform/eventpipeline/internal/runtime/terminal"
)

// Limits of a tree.
const (
	maxTreeBytes = 256 << 10 // the page shows a longer text as plain text, and only its beginning
	maxTreeNodes = 5000      // the page shows the text of a larger tree as plain text
	maxTreeDepth = 80        // the page shows the text of a deeper tree as plain text
	maxTreeText  = 2000      // runes of a string; the page shows the beginning of a longer string
	openNodes    = 200       // a larger tree starts folded below its first level
)

// tree holds a JSON text as a tree with parts that the user can fold. Members keep their order, and
// numbers keep their notation.
type tree struct {
	root  *node
	nodes int
	text  string // shown instead of the tree if the text is not JSON or too large
	note  string // see Note
	raw   string // the whole text, to copy; "" if it is too large
}

// node is a value of a tree.
type node struct {
	name     string // name of a member of an object
	kind     byte   // '{', '[', 's' (a string) or 'n' (a number, a Boolean or null)
	text     string
	children []*node
	mark     string // faulty, or the difference from another tree: changed, added or removed
}

// parseTree parses a JSON text.
func parseTree(text []byte) tree {
	t := tree{raw: string(text)}
	if len(text) > maxTreeBytes {
		t.text = terminalLines(strings.ToValidUTF8(string(text[:maxTreeBytes]), ""))
		t.note = "The page shows the first " + formatBytes(maxTreeBytes) + " of " +
			formatBytes(len(text)) + "."
		t.raw = ""
		return t
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	root, err := t.parse(decoder, 0)
	if _, end := decoder.Token(); err != nil || end != io.EOF {
		t.text = terminalLines(string(text))
		return t
	}
	t.root = root
	return t
}

func (t *tree) parse(d *json.Decoder, depth int) (*node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if t.nodes++; t.nodes > maxTreeNodes || depth > maxTreeDepth {
		t.note = "The text has too many values or levels for a tree."
		return nil, errors.New(t.note)
	}
	switch token := token.(type) {
	case json.Delim:
		n := &node{kind: byte(token)}
		for d.More() {
			name := ""
			if token == '{' {
				key, err := d.Token()
				if err != nil {
					return nil, err
				}
				name, _ = key.(string) // names of members are strings
			}
			child, err := t.parse(d, depth+1)
			if err != nil {
				return nil, err
			}
			child.name = name
			n.children = append(n.children, child)
		}
		_, err := d.Token()
		return n, err
	case string:
		return &node{kind: 's', text: token}, nil
	case json.Number:
		return &node{kind: 'n', text: token.String()}, nil
	case bool:
		return &node{kind: 'n', text: strconv.FormatBool(token)}, nil
	}
	return &node{kind: 'n', text: "null"}, nil
}

// comparePayload marks the differences between an event's payload and the member "payload" of the
// record t.
func (t tree) comparePayload(payload tree) {
	if t.root == nil || payload.root == nil {
		return
	}
	for _, child := range t.root.children {
		if child.name == "payload" {
			compareNodes(payload.root, child)
		}
	}
}

// compareNodes compares two values, and marks the differences in both values.
func compareNodes(before, after *node) {
	if before.kind != after.kind || len(before.children)+len(after.children) == 0 {
		if before.kind != after.kind || before.text != after.text {
			before.mark, after.mark = "changed", "changed"
		}
		return
	}
	matched := map[*node]bool{}
	for i, child := range before.children {
		match := counterpart(after, child, i, before.kind)
		if match == nil {
			child.mark = "removed"
			continue
		}
		matched[match] = true
		compareNodes(child, match)
	}
	for _, child := range after.children {
		if !matched[child] {
			child.mark = "added"
		}
	}
}

// counterpart returns the child of parent that corresponds to child: the element with the same
// index, or the member with the same name. It returns nil if there is none.
func counterpart(parent, child *node, index int, kind byte) *node {
	if kind == '[' {
		if index < len(parent.children) {
			return parent.children[index]
		}
		return nil
	}
	for _, candidate := range parent.children {
		if candidate.name == child.name {
			return candidate
		}
	}
	return nil
}

// highlight marks the values to which JSON pointers refer.
func (t tree) highlight(pointers []string) {
	for _, pointer := range pointers {
		n := t.root
		for _, key := range jsonpointer.Split(pointer) {
			if n == nil {
				break
			}
			n = n.child(key)
		}
		if n != nil {
			n.mark = "faulty"
		}
	}
}

// child returns the member or element with the key, or nil if there is none.
func (n *node) child(key string) *node {
	for i, child := range n.children {
		if n.kind == '{' && child.name == key || n.kind == '[' && strconv.Itoa(i) == key {
			return child
		}
	}
	return nil
}

// Raw returns the whole text, or "" if it is too large to copy from the page.
func (t tree) Raw() string { return t.raw }

// Note says which parts of the text the page leaves out, or why the page shows no tree.
func (t tree) Note() string { return t.note }

// Empty reports whether there is no text.
func (t tree) Empty() bool { return t.root == nil && t.text == "" }

// Changes returns the number of marked values.
func (t tree) Changes() int {
	if t.root == nil {
		return 0
	}
	return t.root.changes()
}

func (n *node) changes() (total int) {
	if n.mark != "" {
		total++
	}
	for _, child := range n.children {
		total += child.changes()
	}
	return total
}

// HTML returns the tree as nested lists. Each part of the text is escaped.
func (t tree) HTML() template.HTML {
	var b strings.Builder
	if t.root == nil {
		b.WriteString(`<pre class="raw" tabindex="0">`)
		b.WriteString(template.HTMLEscapeString(t.text))
		b.WriteString(`</pre>`)
		return template.HTML(b.String())
	}
	b.WriteString(`<div class="tree">`)
	t.root.write(&b, 0, t.nodes <= openNodes)
	b.WriteString(`</div>`)
	return template.HTML(b.String())
}

func (n *node) write(b *strings.Builder, depth int, open bool) {
	class := "v"
	if n.mark != "" {
		class += " " + n.mark
	}
	if len(n.children) == 0 {
		b.WriteString(`<div class="` + class + `">`)
		n.writeName(b)
		n.writeValue(b)
		n.writeMark(b)
		b.WriteString("</div>")
		return
	}
	closing := map[byte]string{'{': "}", '[': "]"}[n.kind]
	b.WriteString(`<details class="` + class + `"`)
	if open || depth == 0 {
		b.WriteString(" open")
	}
	b.WriteString("><summary>")
	n.writeName(b)
	b.WriteString(`<span class="p">` + string(n.kind) + `</span><span class="n">` +
		strconv.Itoa(len(n.children)) + `</span><span class="p">` + closing + `</span>`)
	n.writeMark(b)
	b.WriteString(`</summary><div class="c">`)
	for _, child := range n.children {
		child.write(b, depth+1, open)
	}
	b.WriteString(`</div><span class="p end">` + closing + `</span></details>`)
}

func (n *node) writeName(b *strings.Builder) {
	if n.name != "" {
		b.WriteString(`<span class="k">` + template.HTMLEscapeString(escape(n.name)) +
			`</span><span class="p">: </span>`)
	}
}

func (n *node) writeValue(b *strings.Builder) {
	switch n.kind {
	case '{':
		b.WriteString(`<span class="p">{}</span>`)
	case '[':
		b.WriteString(`<span class="p">[]</span>`)
	case 's':
		text, rest := shorten(n.text)
		b.WriteString(`<span class="s">"` + template.HTMLEscapeString(terminalLines(text)) +
			`"</span>`)
		if rest > 0 {
			b.WriteString(`<span class="n"> and ` + formatCount(rest) + ` more characters</span>`)
		}
	default:
		text, rest := shorten(n.text)
		b.WriteString(`<span class="u">` + template.HTMLEscapeString(text) + `</span>`)
		if rest > 0 {
			b.WriteString(`<span class="n"> and ` + formatCount(rest) + ` more digits</span>`)
		}
	}
}

// writeMark writes the mark as text. The colour alone is not enough, because some users can't see
// colours.
func (n *node) writeMark(b *strings.Builder) {
	if n.mark != "" {
		b.WriteString(`<span class="m">` + n.mark + `</span>`)
	}
}

// shorten returns the first maxTreeText characters, and the number of characters that it left out.
func shorten(text string) (start string, rest int) {
	runes := []rune(text)
	if len(runes) <= maxTreeText {
		return text, 0
	}
	return string(runes[:maxTreeText]), len(runes) - maxTreeText
}

// terminalLines is like escape, but keeps line breaks and tabs.
func terminalLines(text string) string {
	return terminal.EscapeLines(strings.ToValidUTF8(text, "\ufffd"))
}
