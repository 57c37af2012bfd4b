package dynamodb

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxDepth limits the nesting of attributes, as in DynamoDB.
const maxDepth = 32

// attributes represents an Item in JSON. Each value is an object with one member, such as
// {"S":"text"}. The member's name is the type.
type attributes Item

// wireValue represents an attribute value of any type in JSON. Exactly one member must be set.
type wireValue struct {
	S    *string
	N    *string
	B    *[]byte
	BOOL *bool
	NULL *bool
	M    *map[string]wireValue
	L    *[]wireValue
	SS   *[]string
	NS   *[]string
	BS   *[][]byte
}

// UnmarshalJSONFrom decodes the attributes. If the JSON is valid but values are not, it returns the
// error of the first invalid value.
func (a *attributes) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		var none map[string]wireValue // null is valid
		return jsonv2.UnmarshalDecode(d, &none)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	item := Item{}
	var invalid error
	for d.PeekKind() == '"' {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		var w wireValue
		if err := w.UnmarshalJSONFrom(d); err != nil {
			return err
		}
		v, err := w.decode(1)
		if invalid == nil {
			invalid = err
		}
		item[name] = v
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*a = attributes(item)
	return invalid
}

// UnmarshalJSONFrom returns the same result as the generic decoder of structs. Most values are
// strings or numbers: it decodes these several times faster.
func (w *wireValue) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type plain wireValue
	if d.PeekKind() != '{' {
		return jsonv2.UnmarshalDecode(d, (*plain)(w))
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := w.decodeMember(d, name.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (w *wireValue) decodeMember(d *jsontext.Decoder, name string) error {
	switch name {
	case "S":
		return decodeText(d, &w.S)
	case "N":
		return decodeText(d, &w.N)
	case "B":
		return jsonv2.UnmarshalDecode(d, &w.B)
	case "BOOL":
		return jsonv2.UnmarshalDecode(d, &w.BOOL)
	case "NULL":
		return jsonv2.UnmarshalDecode(d, &w.NULL)
	case "M":
		return jsonv2.UnmarshalDecode(d, &w.M)
	case "L":
		return jsonv2.UnmarshalDecode(d, &w.L)
	case "SS":
		return jsonv2.UnmarshalDecode(d, &w.SS)
	case "NS":
		return jsonv2.UnmarshalDecode(d, &w.NS)
	case "BS":
		return jsonv2.UnmarshalDecode(d, &w.BS)
	}
	return d.SkipValue()
}

func decodeText(d *jsontext.Decoder, into **string) error {
	if d.PeekKind() != '"' {
		return jsonv2.UnmarshalDecode(d, into)
	}
	token, err := d.ReadToken()
	if err != nil {
		return err
	}
	text := token.String()
	*into = &text
	return nil
}

func decodeItem(wire map[string]wireValue, depth int) (Item, error) {
	item := make(Item, len(wire))
	for name, w := range wire {
		v, err := w.decode(depth)
		if err != nil {
			return nil, err
		}
		item[name] = v
	}
	return item, nil
}

func (w *wireValue) decode(depth int) (value, error) {
	if depth > maxDepth {
		return nil, validationError("Nesting Levels have exceeded supported limits: " +
			"Attributes in the item have nested levels beyond supported limit")
	}
	var found []value
	if w.S != nil {
		found = append(found, stringValue(*w.S))
	}
	if w.N != nil {
		number, err := canonicalNumber(*w.N)
		if err != nil {
			return nil, err
		}
		found = append(found, numberValue(number))
	}
	if w.B != nil {
		found = append(found, binaryValue(*w.B))
	}
	if w.BOOL != nil {
		found = append(found, boolValue(*w.BOOL))
	}
	if w.NULL != nil {
		if !*w.NULL {
			return nil, validationError("One or more parameter values were invalid: " +
				"Null attribute value types must have the value of true")
		}
		found = append(found, nullValue{})
	}
	if w.M != nil {
		item, err := decodeItem(*w.M, depth+1)
		if err != nil {
			return nil, err
		}
		found = append(found, mapValue(item))
	}
	if w.L != nil {
		list := make(listValue, 0, len(*w.L))
		for _, element := range *w.L {
			v, err := element.decode(depth + 1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		found = append(found, list)
	}
	if w.SS != nil || w.NS != nil || w.BS != nil {
		set, err := w.decodeSet()
		if err != nil {
			return nil, err
		}
		found = append(found, set)
	}
	if len(found) != 1 {
		return nil, validationError("Supplied AttributeValue is empty, " +
			"must contain exactly one of the supported datatypes")
	}
	return found[0], nil
}

func (w *wireValue) decodeSet() (value, error) {
	setType, members := "SS", []string{}
	switch {
	case w.SS != nil:
		members = *w.SS
	case w.NS != nil:
		setType = "NS"
		for _, text := range *w.NS {
			number, err := canonicalNumber(text)
			if err != nil {
				return nil, err
			}
			members = append(members, number)
		}
	case w.BS != nil:
		setType = "BS"
		for _, member := range *w.BS {
			members = append(members, string(member))
		}
	}
	if len(members) == 0 {
		return nil, validationError("One or more parameter values were invalid: "+
			"An %s set may not be empty", setType)
	}
	set, distinct := newSet(setType, members)
	if !distinct {
		return nil, validationError("One or more parameter values were invalid: "+
			"Input collection %q contains duplicates.", members)
	}
	return set, nil
}

// MarshalJSON encodes the attributes in the order of their names.
func (a attributes) MarshalJSON() ([]byte, error) {
	return appendItem(make([]byte, 0, 1024), a), nil
}

func appendItem(out []byte, item Item) []byte {
	out = append(out, '{')
	for i, name := range slices.Sorted(maps.Keys(item)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, name), ':')
		out = appendValue(out, item[name])
	}
	return append(out, '}')
}

func appendValue(out []byte, v value) []byte {
	out = append(out, `{"`...)
	out = append(out, v.typeName()...)
	out = append(out, `":`...)
	switch v := v.(type) {
	case stringValue:
		out = appendString(out, string(v))
	case numberValue:
		out = appendString(out, string(v))
	case binaryValue:
		out = appendBinary(out, string(v))
	case boolValue:
		out = strconv.AppendBool(out, bool(v))
	case nullValue:
		out = append(out, "true"...)
	case mapValue:
		out = appendItem(out, v)
	case listValue:
		out = appendArray(out, v, appendValue)
	case setValue:
		appendMember := appendString
		if v.setType == "BS" {
			appendMember = appendBinary
		}
		out = appendArray(out, v.members, appendMember)
	}
	return append(out, '}')
}

func appendArray[T any](out []byte, elements []T, appendElement func([]byte, T) []byte) []byte {
	out = append(out, '[')
	for i, element := range elements {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendElement(out, element)
	}
	return append(out, ']')
}

func appendBinary(out []byte, data string) []byte {
	return appendString(out, base64.StdEncoding.EncodeToString([]byte(data)))
}

func appendString(out []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			quoted, _ := json.Marshal(text) // never fails for a string
			return append(out, quoted...)
		}
	}
	out = append(out, '"')
	out = append(out, text...)
	return append(out, '"')
}
