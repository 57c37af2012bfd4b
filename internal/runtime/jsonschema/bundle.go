// Package jsonschema holds events against the JSON Schemas (draft 2020-12) of their types. The construct reads a folder of
// them into a Bundle and checks it at synth; the API function compiles the same Bundle when it starts.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// Bundle is a folder's schemas by their paths in it: "order.created.json" is for the event type order.created, and what
// lies in folders, such as "shared/money.json", is there to be referred to.
type Bundle map[string]json.RawMessage

// Read reads all *.json files of a folder and what is below it. Its error has a line for each mistake.
func Read(folder fs.FS) (Bundle, error) {
	bundle := make(Bundle)
	var mistakes []error
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
			mistakes = append(mistakes, fmt.Errorf("%s%s: %w", name, position(text, err), err))
		}
		bundle[name] = document
		return nil
	})
	if err := errors.Join(append(mistakes, err)...); err != nil {
		return nil, err
	}
	return bundle, nil
}

// position is where in text the error is, as ":line:column".
func position(text []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 1 || syntax.Offset > int64(len(text)) {
		return ""
	}
	before := text[:syntax.Offset-1]
	return fmt.Sprintf(":%d:%d", bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}
