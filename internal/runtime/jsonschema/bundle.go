// Package jsonschema validates events against JSON Schemas (draft 2020-12), one for each event
// type. At synth, the construct reads the schemas into a Bundle. The API function compiles the
// Bundle when it starts.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Bundle maps the path of each file in the schema folder to the file's schema.
//
//   - "order.created.json" is the schema of the event type order.created.
//   - "shared/money.json", in a subfolder, belongs to no event type. Other schemas refer to it.
type Bundle map[string]json.RawMessage

// Read reads all *.json files in a folder and its subfolders. The error contains a line for each
// invalid file.
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
		text = bytes.TrimPrefix(text, []byte("\ufeff")) // byte-order mark of some editors
		var document json.RawMessage
		if err := json.Unmarshal(text, &document); err != nil {
			invalid = append(invalid, fmt.Errorf("%s%s: %w", name, lineAndColumn(text, err), err))
		} else if err := jsonv2.Unmarshal(text, new(jsontext.Value)); err != nil {
			// encoding/json accepts duplicate keys, and ignores all but the last value.
			invalid = append(invalid, fmt.Errorf("%s: %w", name, err))
		}
		bundle[name] = document
		return nil
	})
	if err := errors.Join(append(invalid, err)...); err != nil {
		return nil, err
	}
	return bundle, nil
}

// lineAndColumn returns the position of a syntax error in text as ":line:column". It returns "" if
// err has no position.
func lineAndColumn(text []byte, err error) string {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) || syntax.Offset < 1 || syntax.Offset > int64(len(text)) {
		return ""
	}
	before := text[:syntax.Offset-1]
	line := bytes.Count(before, []byte("\n")) + 1
	return fmt.Sprintf(":%d:%d", line, len(before)-bytes.LastIndexByte(before, '\n'))
}
