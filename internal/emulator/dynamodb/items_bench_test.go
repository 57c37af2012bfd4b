package dynamodb

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkBatchGetItem reads 100 items, the maximum of a request.
func BenchmarkBatchGetItem(b *testing.B) {
	s, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.CreateTable(Table{Name: "t", PartitionKey: Key{"pk", "S"}}); err != nil {
		b.Fatal(err)
	}
	var keys []string
	for i := range maxBatchGet {
		key := fmt.Sprintf("EVENT#%036d", i)
		item := attributes{"pk": stringValue(key)}
		for n := range 15 { // as many attributes as an event's item has
			item[fmt.Sprintf("attribute%d", n)] = stringValue("2026-11-27T08:00:00.000Z")
		}
		if _, err := s.putItem(&writeInput{TableName: "t", Item: item}); err != nil {
			b.Fatal(err)
		}
		keys = append(keys, `{"pk":{"S":"`+key+`"}}`)
	}
	body := `{"RequestItems":{"t":{"Keys":[` + strings.Join(keys, ",") + `]}}}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		r.Header.Set("X-Amz-Target", TargetPrefix+".BatchGetItem")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || w.Body.Len() < 50_000 {
			b.Fatal(w.Code, w.Body)
		}
	}
}
