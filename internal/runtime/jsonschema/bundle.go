// Package jsonschema validates events against the JSON Schemas (draft 2020-12) of their types. The
// construct reads a folder of schemas into a Bundle and checks it at synth. The API function
// compiles the same Bundle when it starts.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Bundle holds the schemas of a folder by their path in it. "order.created.json" validates events
// of the type order.created. Schemas in subfolders, such as "shared/money.json", serve references.
type Bundle map[string]json.RawMessage

// Read reads all *.json files in and below a folder. Its error has a line per invalid file.
func Read(folder fs.FS) (Bundle, error) {
	bundle := make(Bundle)
	var invalid []error
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || path.Ext(name) != ".json" {
			return err
		}
		text, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		var document json.RawMessage
		if err := json.Unmarshal(text, &document); err != nil {
			invalid = append(invalid, fmt.Errorf("%s%s: %w", name, lineAndColumn(text, err), err))
		}
		bundle[name] = document
		return nil
	})
	if err := errors.Join(append(invalid, err)...); err != nil {
		return nil, err
	}
	return bundle, nil
}

// lineAndColumn returns the place of a syntax error in text as ":line:column", or "".
func lineAndColumn(text []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 1 || syntax.Offset > int64(len(text)) {
		return ""
	}
	before := text[:syntax.Offset-1]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf(":%d:%d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}
