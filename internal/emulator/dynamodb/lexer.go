package dynamodb

import "strings"

// token represents a name, #placeholder, :placeholder, number or symbol of an expression.
type token struct {
	kind tokenKind
	text string
}

type tokenKind int

const (
	tokenEnd tokenKind = iota
	tokenName
	tokenValue
	tokenNumber
	tokenSymbol
)

// tokenize splits an expression. An unknown character becomes a symbol, which the parser rejects.
func tokenize(text string) []token {
	var tokens []token
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
		case c == ':':
			end := endOfWord(text, i+1)
			tokens = append(tokens, token{tokenValue, text[i:end]})
			i = end
		case c == '#' || isLetter(c):
			end := endOfWord(text, i+1)
			tokens = append(tokens, token{tokenName, text[i:end]})
			i = end
		case isDigit(c):
			end := i
			for end < len(text) && isDigit(text[end]) {
				end++
			}
			tokens = append(tokens, token{tokenNumber, text[i:end]})
			i = end
		default:
			length := 1
			if i+1 < len(text) {
				switch text[i : i+2] {
				case "<>", "<=", ">=":
					length = 2
				}
			}
			tokens = append(tokens, token{tokenSymbol, text[i : i+length]})
			i += length
		}
	}
	return append(tokens, token{tokenEnd, "<EOF>"})
}

func endOfWord(text string, i int) int {
	for i < len(text) && (isLetter(text[i]) || isDigit(text[i])) {
		i++
	}
	return i
}

func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

func isDigit(c byte) bool {
	return '0' <= c && c <= '9'
}
