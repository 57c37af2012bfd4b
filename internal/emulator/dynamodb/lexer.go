package dynamodb

import "regexp"

// token represents a piece of an expression.
type token struct {
	kind tokenKind
	text string
}

type tokenKind int

const (
	tokenEnd    tokenKind = iota
	tokenValue            // :placeholder
	tokenName             // name or #placeholder
	tokenNumber           // list index
	tokenSymbol           // operator or any other character
)

// tokenPattern matches one token. Its groups correspond to the kinds of token.
var tokenPattern = regexp.MustCompile(`(:\w*)|([A-Za-z_#]\w*)|(\d+)|(<>|<=|>=|[^ \t\r\n])`)

// tokenize splits an expression into tokens.
func tokenize(text string) []token {
	var tokens []token
	for _, match := range tokenPattern.FindAllStringSubmatch(text, -1) {
		for kind := tokenValue; kind <= tokenSymbol; kind++ {
			if match[kind] != "" {
				tokens = append(tokens, token{kind, match[kind]})
			}
		}
	}
	return append(tokens, token{tokenEnd, "<EOF>"})
}
