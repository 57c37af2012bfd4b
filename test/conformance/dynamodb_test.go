package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	localdynamodb "github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/dynamodb"
)

func startDynamoDB(string) (http.Handler, error) {
	return localdynamodb.New(localdynamodb.Config{})
}

type item = map[string]types.AttributeValue

const returnOld = types.ReturnValuesOnConditionCheckFailureAllOld

// The functions below convert Go values to attribute values.

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func num(n any) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: fmt.Sprint(n)}
}

func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }

func document(it item) types.AttributeValue { return &types.AttributeValueMemberM{Value: it} }

func list(elements ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: elements}
}

func stringSet(members ...string) types.AttributeValue {
	return &types.AttributeValueMemberSS{Value: members}
}

// pk returns the key of the item whose partition key has the value.
func pk(value string) item { return item{"pk": str(value)} }

// table represents a new table on a target. Its partition key is pk, of type S. Its optional sort
// key is sk.
type table struct {
	*dynamodb.Client
	target target
	name   *string
}

// forEachTable calls fn with a new table on each target. sortKey is the type of the sort key sk, or
// "" for a table without a sort key.
func forEachTable(
	t *testing.T, sortKey types.ScalarAttributeType, fn func(t *testing.T, table table),
) {
	t.Helper()
	forEachTarget(t, func(t *testing.T, target target) { fn(t, newTable(t, target, sortKey)) })
}

func newTable(tb testing.TB, target target, sortKey types.ScalarAttributeType) table {
	tb.Helper()
	table := table{dynamodb.NewFromConfig(target.Config), target, aws.String(uniqueName("table"))}
	in := &dynamodb.CreateTableInput{
		TableName: table.name, BillingMode: types.BillingModePayPerRequest,
	}
	addKey := func(name string, keyType types.KeyType, attributeType types.ScalarAttributeType) {
		in.KeySchema = append(in.KeySchema, types.KeySchemaElement{
			AttributeName: &name, KeyType: keyType,
		})
		in.AttributeDefinitions = append(in.AttributeDefinitions, types.AttributeDefinition{
			AttributeName: &name, AttributeType: attributeType,
		})
	}
	addKey("pk", types.KeyTypeHash, types.ScalarAttributeTypeS)
	if sortKey != "" {
		addKey("sk", types.KeyTypeRange, sortKey)
	}
	if _, err := table.CreateTable(tb.Context(), in); err != nil {
		tb.Fatal(err)
	}
	describe := &dynamodb.DescribeTableInput{TableName: table.name}
	waiter := dynamodb.NewTableExistsWaiter(table)
	if err := waiter.Wait(tb.Context(), describe, time.Minute); err != nil {
		tb.Fatal(err)
	}
	return table
}

func (table table) tryPut(ctx context.Context, in dynamodb.PutItemInput) error {
	in.TableName = table.name
	_, err := table.PutItem(ctx, &in)
	return err
}

// update updates an item. The default key is pk("1").
func (table table) update(
	ctx context.Context, input dynamodb.UpdateItemInput,
) (*dynamodb.UpdateItemOutput, error) {
	input.TableName = table.name
	if input.Key == nil {
		input.Key = pk("1")
	}
	return table.UpdateItem(ctx, &input)
}

// delete deletes the item with the key pk("1").
func (table table) delete(
	ctx context.Context, in dynamodb.DeleteItemInput,
) (*dynamodb.DeleteItemOutput, error) {
	in.TableName, in.Key = table.name, pk("1")
	return table.DeleteItem(ctx, &in)
}

func (table table) put(tb testing.TB, it item) {
	tb.Helper()
	if err := table.tryPut(tb.Context(), dynamodb.PutItemInput{Item: it}); err != nil {
		tb.Fatalf("put %v: %v", it, err)
	}
}

func (table table) get(t *testing.T, key item) item {
	t.Helper()
	in := &dynamodb.GetItemInput{
		TableName: table.name, Key: key, ConsistentRead: aws.Bool(true),
	}
	out, err := table.GetItem(t.Context(), in)
	if err != nil {
		t.Fatalf("get %v: %v", key, err)
	}
	return out.Item
}

// wantItem checks that two items are equal. It ignores the order of members in sets.
func wantItem(t *testing.T, got, want item) {
	t.Helper()
	for _, it := range []item{got, want} {
		for _, v := range it {
			switch v := v.(type) {
			case *types.AttributeValueMemberSS:
				slices.Sort(v.Value)
			case *types.AttributeValueMemberNS:
				slices.Sort(v.Value)
			}
		}
	}
	if len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
		t.Errorf("got the item %v, want %v", formatItem(got), formatItem(want))
	}
}

func formatItem(it item) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(it)) {
		v := reflect.ValueOf(it[name])
		if v.Kind() == reflect.Pointer {
			v = v.Elem().FieldByName("Value")
		}
		out = append(out, fmt.Sprintf("%s: %v", name, v))
	}
	return "{" + strings.Join(out, ", ") + "}"
}

func TestDynamoDB_StoresEveryAttributeType(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		want := item{
			"pk":     str("EVENT#1"),
			"string": str("é \"quoted\" <&> \u2028 \x01\n"),
			"empty":  str(""),
			"number": num("-12345678901234567890.123456789"),
			"binary": &types.AttributeValueMemberB{Value: []byte{0, 255}},
			"bool":   boolean(false),
			"null":   &types.AttributeValueMemberNULL{Value: true},
			"map":    document(item{"inner": str("x"), "empty": document(item{})}),
			"list":   list(num(1), str("two"), list([]types.AttributeValue{}...)),
			"SS":     stringSet("a", "b"),
			"NS":     &types.AttributeValueMemberNS{Value: []string{"1", "2.5"}},
			"BS":     &types.AttributeValueMemberBS{Value: [][]byte{{1}}},
		}
		table.put(t, want)
		wantItem(t, table.get(t, pk("EVENT#1")), want)
	})
}

func TestDynamoDB_GetReturnsNothingForAnAbsentItem(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		if got := table.get(t, pk("absent")); got != nil {
			t.Errorf("got %v", got)
		}
	})
}

func TestDynamoDB_PutReplacesTheWholeItem(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, item{"pk": str("1"), "old": str("x")})
		out, err := table.PutItem(t.Context(), &dynamodb.PutItemInput{
			TableName: table.name, Item: item{"pk": str("1"), "new": str("y")},
			ReturnValues: types.ReturnValueAllOld,
		})
		if err != nil {
			t.Fatal(err)
		}
		wantItem(t, out.Attributes, item{"pk": str("1"), "old": str("x")})
		wantItem(t, table.get(t, pk("1")), item{"pk": str("1"), "new": str("y")})
	})
}

func TestDynamoDB_PutIfAbsentReturnsTheExistingItem(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		put := func(text string) error {
			return table.tryPut(t.Context(), dynamodb.PutItemInput{
				Item:                                item{"pk": str("1"), "text": str(text)},
				ConditionExpression:                 aws.String("attribute_not_exists(pk)"),
				ReturnValuesOnConditionCheckFailure: returnOld,
			})
		}
		if err := put("first"); err != nil {
			t.Fatal(err)
		}
		var failed *types.ConditionalCheckFailedException
		if err := put("second"); !errors.As(err, &failed) {
			t.Fatalf("got %v, want ConditionalCheckFailedException", err)
		}
		wantItem(t, failed.Item, item{"pk": str("1"), "text": str("first")})
		wantItem(t, table.get(t, pk("1")), item{"pk": str("1"), "text": str("first")})
	})
}

func TestDynamoDB_FailedConditionReturnsTheItemOnlyIfRequested(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, pk("1"))
		err := table.tryPut(t.Context(), dynamodb.PutItemInput{
			Item: pk("1"), ConditionExpression: aws.String("attribute_not_exists(pk)"),
		})
		var failed *types.ConditionalCheckFailedException
		if !errors.As(err, &failed) || failed.Item != nil {
			t.Errorf("got %v", err)
		}
	})
}

func TestDynamoDB_OnlyOneOfConcurrentPutsIfAbsentSucceeds(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		if table.target.isMoto() {
			// In DynamoDB, conditional writes are atomic. moto checks the condition and writes in
			// two steps.
			t.Skip("moto does not make conditional writes atomic")
		}
		var wins atomic.Int32
		var puts sync.WaitGroup
		for i := range 16 {
			puts.Go(func() {
				err := table.tryPut(t.Context(), dynamodb.PutItemInput{
					Item:                item{"pk": str("1"), "i": num(i)},
					ConditionExpression: aws.String("attribute_not_exists(pk)"),
				})
				if err == nil {
					wins.Add(1)
				}
			})
		}
		puts.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d puts succeeded, want 1", wins.Load())
		}
	})
}

// initialItem returns the item that exists at the start of the tests of conditions and updates.
func initialItem() item {
	return item{
		"pk": str("1"), "status_": str("ENQUEUED"), "n": num(10), "flag": boolean(true),
		"big": num("9007199254740993"),
		"m":   document(item{"a": num(1), "l": list(str("x"), str("y"), str("z"))}),
		"s":   stringSet("red", "blue"),
	}
}

func TestDynamoDB_EvaluatesConditions(t *testing.T) {
	for _, test := range []struct {
		condition   string
		values      item
		names       map[string]string
		holds       bool
		motoReturns string // the result of moto, if it differs from DynamoDB
	}{
		{condition: "attribute_exists(pk)", holds: true},
		{condition: "attribute_exists(absent)", holds: false},
		{condition: "attribute_not_exists(absent)", holds: true},
		{condition: "attribute_exists(m.a) AND attribute_not_exists(m.b)", holds: true},
		{condition: "attribute_exists(m.l[2]) and attribute_not_exists(m.l[3])", holds: true},
		{condition: "#s = :v",
			names: map[string]string{"#s": "status_"}, values: item{":v": str("ENQUEUED")},
			holds: true},
		{condition: "status_ <> :v", values: item{":v": str("PROCESSED")}, holds: true},
		{condition: "status_ = :v", values: item{":v": str("PROCESSED")}, holds: false},
		{condition: "status_ IN (:a, :b)",
			values: item{":a": str("FAILED"), ":b": str("ENQUEUED")}, holds: true},
		{condition: "NOT status_ IN (:a)", values: item{":a": str("FAILED")}, holds: true},
		{condition: "absent = :v", values: item{":v": str("x")}, holds: false},
		{condition: "absent <> :v", values: item{":v": str("x")}, holds: true},
		{condition: "absent < :v", values: item{":v": num(1)}, holds: false},
		{condition: "n < :v", values: item{":v": num(9)}, holds: false},
		{condition: "n > :v", values: item{":v": num("9.5")}, holds: true},
		{condition: "n = :v", values: item{":v": num("10.0")}, holds: true},
		{condition: "n <= :v", values: item{":v": num("1e1")}, holds: true},
		{condition: "n = :v", values: item{":v": str("10")}, holds: false},
		{condition: "n < :v",
			values: item{":v": str("x")}, holds: false, motoReturns: "status 500"},
		{condition: "big = :v", values: item{":v": num("9007199254740992")}, holds: false},
		{condition: "n BETWEEN :a AND :b", values: item{":a": num(-1), ":b": num(10)}, holds: true},
		{condition: "n BETWEEN :a AND :b AND flag = :t",
			values: item{":a": num(1), ":b": num(9), ":t": boolean(true)}, holds: false},
		{condition: "begins_with(status_, :v)", values: item{":v": str("ENQ")}, holds: true},
		{condition: "begins_with(absent, :v)", values: item{":v": str("ENQ")}, holds: false},
		{condition: "contains(status_, :v)", values: item{":v": str("QUE")}, holds: true},
		{condition: "contains(s, :v)", values: item{":v": str("red")}, holds: true},
		{condition: "contains(m.l, :v)", values: item{":v": str("w")}, holds: false},
		{condition: "size(s) = :v AND size(m.l) > size(s)",
			values: item{":v": num(2)}, holds: true},
		{condition: "attribute_type(n, :v)", values: item{":v": str("N")}, holds: true},
		{condition: "attribute_type(n, :v)", values: item{":v": str("S")}, holds: false},
		// NOT has precedence over AND, and AND over OR.
		{condition: "attribute_exists(pk) OR attribute_exists(absent) AND attribute_exists(absent)",
			holds: true},
		{condition: "(attribute_exists(pk) OR attribute_exists(absent)) AND " +
			"attribute_exists(absent)", holds: false},
		{condition: "NOT attribute_exists(absent) AND NOT attribute_exists(absent)", holds: true},
		{condition: "NOT (attribute_exists(pk) AND attribute_exists(n))", holds: false},
	} {
		t.Run(test.condition, func(t *testing.T) {
			forEachTable(t, "", func(t *testing.T, table table) {
				if table.target.isMoto() && test.motoReturns != "" {
					t.Skip("moto returns ", test.motoReturns)
				}
				table.put(t, initialItem())
				_, err := table.delete(t.Context(), dynamodb.DeleteItemInput{
					ConditionExpression:       &test.condition,
					ExpressionAttributeNames:  test.names,
					ExpressionAttributeValues: test.values,
				})
				var failed *types.ConditionalCheckFailedException
				if err != nil && !errors.As(err, &failed) {
					t.Fatal(err)
				}
				if holds := err == nil; holds != test.holds {
					t.Errorf("condition holds: %v, want %v", holds, test.holds)
				}
				if deleted := table.get(t, pk("1")) == nil; deleted != test.holds {
					t.Errorf("the item is deleted: %v, want %v", deleted, test.holds)
				}
			})
		})
	}
}

// initialItemWith returns the initial item with changes. A nil value removes an attribute.
func initialItemWith(changes item) item {
	it := initialItem()
	for name, v := range changes {
		it[name] = v
		if v == nil {
			delete(it, name)
		}
	}
	return it
}

func TestDynamoDB_AppliesUpdates(t *testing.T) {
	stringList := func(elements ...string) types.AttributeValue {
		l := &types.AttributeValueMemberL{}
		for _, element := range elements {
			l.Value = append(l.Value, str(element))
		}
		return l
	}
	m := func(a any, elements ...string) types.AttributeValue {
		return document(item{"a": num(a), "l": stringList(elements...)})
	}
	for _, test := range []struct {
		update          string
		values, changes item
	}{
		{"SET status_ = :v, extra = :v", item{":v": str("x")},
			item{"status_": str("x"), "extra": str("x")}},
		{"SET n = n + :v", item{":v": num("0.1")}, item{"n": num("10.1")}},
		{"SET n = n - :v", item{":v": num(11)}, item{"n": num(-1)}},
		{"SET big = big + :v", item{":v": num(2)}, item{"big": num("9007199254740995")}},
		{"SET c = n, n = :v", item{":v": num(1)}, item{"c": num(10), "n": num(1)}},
		{"SET n = :v, c = n", item{":v": num(1)}, item{"c": num(10), "n": num(1)}},
		{"SET c = if_not_exists(c, :v), n = if_not_exists(n, :v)", item{":v": num(0)},
			item{"c": num(0)}},
		{"SET c = if_not_exists(c, :z) + :v", item{":z": num(0), ":v": num(1)}, item{"c": num(1)}},
		{"SET m.a = :v", item{":v": num(2)}, item{"m": m(2, "x", "y", "z")}},
		{"SET m.l[1] = :v", item{":v": str("Y")}, item{"m": m(1, "x", "Y", "z")}},
		{"SET m.l = list_append(m.l, :v)", item{":v": stringList("!")},
			item{"m": m(1, "x", "y", "z", "!")}},
		{"REMOVE n, absent", nil, item{"n": nil}},
		{"REMOVE m.l[0], m.l[1]", nil, item{"m": m(1, "z")}},
		{"ADD n :v, c :v", item{":v": num(5)}, item{"n": num(15), "c": num(5)}},
		{"ADD s :v", item{":v": stringSet("green", "red")},
			item{"s": stringSet("blue", "green", "red")}},
		{"DELETE s :v", item{":v": stringSet("red")}, item{"s": stringSet("blue")}},
		{"DELETE s :v", item{":v": stringSet("red", "blue")}, item{"s": nil}},
		{"SET status_ = :v REMOVE flag ADD n :one", item{":v": str("x"), ":one": num(1)},
			item{"status_": str("x"), "flag": nil, "n": num(11)}},
	} {
		t.Run(test.update, func(t *testing.T) {
			forEachTable(t, "", func(t *testing.T, table table) {
				table.put(t, initialItem())
				out, err := table.update(t.Context(), dynamodb.UpdateItemInput{
					UpdateExpression: &test.update, ExpressionAttributeValues: test.values,
					ReturnValues: types.ReturnValueAllNew,
				})
				if err != nil {
					t.Fatal(err)
				}
				want := initialItemWith(test.changes)
				wantItem(t, out.Attributes, want)
				wantItem(t, table.get(t, pk("1")), want)
			})
		})
	}
}

func TestDynamoDB_UpdateCreatesAnAbsentItem(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		_, err := table.update(t.Context(), dynamodb.UpdateItemInput{
			UpdateExpression:          aws.String("SET #s = :v ADD n :one"),
			ExpressionAttributeNames:  map[string]string{"#s": "status"},
			ExpressionAttributeValues: item{":v": str("x"), ":one": num(1)},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantItem(t, table.get(t, pk("1")), item{"pk": str("1"), "status": str("x"), "n": num(1)})
	})
}

func TestDynamoDB_ConditionalUpdateSucceedsOnce(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, item{"pk": str("1"), "status": str("ENQUEUED")})
		update := func() error {
			values := item{":to": str("PROCESSED"), ":from": str("ENQUEUED")}
			_, err := table.update(t.Context(), dynamodb.UpdateItemInput{
				UpdateExpression: aws.String("SET #s = :to"),
				ConditionExpression: aws.String(
					"attribute_not_exists(pk) OR #s = :from"),
				ExpressionAttributeNames:            map[string]string{"#s": "status"},
				ExpressionAttributeValues:           values,
				ReturnValuesOnConditionCheckFailure: returnOld,
			})
			return err
		}
		if err := update(); err != nil {
			t.Fatal(err)
		}
		var failed *types.ConditionalCheckFailedException
		if err := update(); !errors.As(err, &failed) {
			t.Fatalf("got %v, want ConditionalCheckFailedException", err)
		}
		wantItem(t, failed.Item, item{"pk": str("1"), "status": str("PROCESSED")})
	})
}

func TestDynamoDB_UpdateReturnsRequestedValues(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		for _, test := range []struct {
			requested types.ReturnValue
			want      item
		}{
			{types.ReturnValueNone, nil},
			{types.ReturnValueAllOld, item{"pk": str("1"), "a": num(1), "b": num(2)}},
			{types.ReturnValueUpdatedOld, item{"a": num(1)}},
			{types.ReturnValueAllNew, item{"pk": str("1"), "a": num(9), "b": num(2)}},
			{types.ReturnValueUpdatedNew, item{"a": num(9)}},
		} {
			table.put(t, item{"pk": str("1"), "a": num(1), "b": num(2)})
			t.Run(string(test.requested), func(t *testing.T) {
				out, err := table.update(t.Context(), dynamodb.UpdateItemInput{
					UpdateExpression:          aws.String("SET a = :v"),
					ExpressionAttributeValues: item{":v": num(9)},
					ReturnValues:              test.requested,
				})
				if err != nil {
					t.Fatal(err)
				}
				wantItem(t, out.Attributes, test.want)
			})
		}
	})
}

func TestDynamoDB_GetReturnsTheProjection(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, initialItem())
		out, err := table.GetItem(t.Context(), &dynamodb.GetItemInput{
			TableName: table.name, Key: pk("1"),
			ProjectionExpression:     aws.String("#n, m.a, absent, m.l[1]"),
			ExpressionAttributeNames: map[string]string{"#n": "n"},
		})
		if err != nil {
			t.Fatal(err)
		}
		wantItem(t, out.Item, item{
			"n": num(10), "m": document(item{"a": num(1), "l": list(str("y"))}),
		})
	})
}

func TestDynamoDB_DeleteReturnsTheOldItem(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, item{"pk": str("1"), "n": num(1)})
		in := dynamodb.DeleteItemInput{ReturnValues: types.ReturnValueAllOld}
		out, err := table.delete(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		wantItem(t, out.Attributes, item{"pk": str("1"), "n": num(1)})
		if out, err = table.delete(t.Context(), in); err != nil || out.Attributes != nil {
			t.Errorf("delete an absent item: got %v, %v", out, err)
		}
	})
}

// TestDynamoDB_RejectsInvalidRequests checks that invalid requests change nothing.
func TestDynamoDB_RejectsInvalidRequests(t *testing.T) {
	update := func(expression string, values item) func(context.Context, table) error {
		return func(ctx context.Context, table table) error {
			_, err := table.update(ctx, dynamodb.UpdateItemInput{
				UpdateExpression: &expression, ExpressionAttributeValues: values,
			})
			return err
		}
	}
	put := func(it item) func(context.Context, table) error {
		return func(ctx context.Context, table table) error {
			return table.tryPut(ctx, dynamodb.PutItemInput{Item: it})
		}
	}
	get := func(key item) func(context.Context, table) error {
		return func(ctx context.Context, table table) error {
			_, err := table.GetItem(ctx, &dynamodb.GetItemInput{TableName: table.name, Key: key})
			return err
		}
	}
	tooLarge := strings.Repeat("x", 400<<10)
	for _, test := range []struct {
		name        string
		call        func(context.Context, table) error
		motoReturns string
	}{
		{name: "put without the key", call: put(item{"n": num(1)})},
		{name: "put with the key of another type", call: put(item{"pk": num(1)})},
		{name: "put with an empty key", call: put(pk(""))},
		{name: "put of more than 400 KB", call: put(item{"pk": str("1"), "x": str(tooLarge)})},
		{name: "put of an invalid number", call: put(item{"pk": str("1"), "x": num("one")})},
		{name: "put of an empty set", call: put(item{
			"pk": str("1"), "x": stringSet([]string{}...),
		})},
		{name: "get with more than the key", call: get(item{"pk": str("1"), "n": num(1)})},
		{name: "get with another key", call: get(item{"id": str("1")})},
		{name: "reserved word in an update", call: update("SET status = :v", item{":v": num(1)})},
		{name: "update of the key", call: update("SET pk = :v", item{":v": str("2")})},
		{name: "undefined value", call: update("SET a = :v", nil)},
		{name: "unused value", call: update("SET a = :v", item{":v": num(1), ":w": num(1)})},
		{name: "undefined name", call: update("REMOVE #a", nil), motoReturns: "status 500"},
		{name: "syntax error", call: update("SET a :v", item{":v": num(1)})},
		{name: "empty expression", call: update("", nil)},
		{name: "same path twice", call: update("SET a = :v REMOVE a", item{":v": num(1)})},
		{name: "absent operand", call: update("SET a = b", nil)},
		{name: "path into an absent attribute", call: update("SET a.b = :v", item{":v": num(1)})},
		{name: "sum with a string", call: update("SET n = n + :v", item{":v": str("x")})},
		{name: "ADD to a string", call: update("ADD s :v", item{":v": num(1)})},
		{name: "reserved word in a condition", call: func(ctx context.Context, table table) error {
			_, err := table.delete(ctx, dynamodb.DeleteItemInput{
				ConditionExpression: aws.String("attribute_exists(status)"),
			})
			return err
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			forEachTable(t, "", func(t *testing.T, table table) {
				if table.target.isMoto() && test.motoReturns != "" {
					t.Skip("moto returns ", test.motoReturns)
				}
				before := item{"pk": str("1"), "s": str("x"), "n": num(1)}
				table.put(t, before)
				wantErrorCode(t, test.call(t.Context(), table), "ValidationException")
				wantItem(t, table.get(t, pk("1")), before)
			})
		})
	}
}

func TestDynamoDB_ReportsAnAbsentTable(t *testing.T) {
	forEachTarget(t, func(t *testing.T, target target) {
		client, absent := dynamodb.NewFromConfig(target.Config), aws.String(uniqueName("absent"))
		describe := &dynamodb.DescribeTableInput{TableName: absent}
		_, err := client.DescribeTable(t.Context(), describe)
		wantErrorCode(t, err, "ResourceNotFoundException")
		get := &dynamodb.GetItemInput{TableName: absent, Key: pk("1")}
		_, err = client.GetItem(t.Context(), get)
		wantErrorCode(t, err, "ResourceNotFoundException")
		put := &dynamodb.PutItemInput{TableName: absent, Item: pk("1")}
		_, err = client.PutItem(t.Context(), put)
		wantErrorCode(t, err, "ResourceNotFoundException")
	})
}

func TestDynamoDB_CreatesDescribesAndDeletesTables(t *testing.T) {
	forEachTable(t, types.ScalarAttributeTypeN, func(t *testing.T, table table) {
		describe := &dynamodb.DescribeTableInput{TableName: table.name}
		out, err := table.DescribeTable(t.Context(), describe)
		if err != nil {
			t.Fatal(err)
		}
		described := out.Table
		if described.TableStatus != types.TableStatusActive || len(described.KeySchema) != 2 ||
			!strings.HasSuffix(*described.TableArn, ":table/"+*table.name) {
			t.Errorf("described %+v", described)
		}
		if tables := listTables(t, table); !slices.Contains(tables, *table.name) {
			t.Errorf("%s is not among %v", *table.name, tables)
		}
		_, err = table.CreateTable(t.Context(), &dynamodb.CreateTableInput{
			TableName: table.name, BillingMode: types.BillingModePayPerRequest,
			KeySchema: described.KeySchema, AttributeDefinitions: described.AttributeDefinitions,
		})
		wantErrorCode(t, err, "ResourceInUseException")
		in := &dynamodb.DeleteTableInput{TableName: table.name}
		if _, err := table.DeleteTable(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		_, err = table.DescribeTable(t.Context(), describe)
		wantErrorCode(t, err, "ResourceNotFoundException")
	})
}

func listTables(t *testing.T, table table) (names []string) {
	t.Helper()
	pages := dynamodb.NewListTablesPaginator(table, &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, page.TableNames...)
	}
	return names
}

func TestDynamoDB_EnablesTimeToLive(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		describe := func() types.TimeToLiveDescription {
			in := &dynamodb.DescribeTimeToLiveInput{TableName: table.name}
			out, err := table.DescribeTimeToLive(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			return *out.TimeToLiveDescription
		}
		if got := describe(); got.TimeToLiveStatus != types.TimeToLiveStatusDisabled {
			t.Errorf("TTL status of a new table: %v", got.TimeToLiveStatus)
		}
		_, err := table.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
			TableName: table.name,
			TimeToLiveSpecification: &types.TimeToLiveSpecification{
				AttributeName: aws.String("expiresAt"), Enabled: aws.Bool(true),
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := describe()
		if got.TimeToLiveStatus != types.TimeToLiveStatusEnabled ||
			*got.AttributeName != "expiresAt" {
			t.Errorf("got %v", got)
		}
	})
}

func TestDynamoDB_GetsBatches(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		for i := range 3 {
			table.put(t, item{"pk": str(fmt.Sprint(i)), "n": num(i), "x": str("x")})
		}
		out, err := table.batchGet(t.Context(), types.KeysAndAttributes{
			Keys:                     []item{pk("2"), pk("absent"), pk("0")},
			ProjectionExpression:     aws.String("pk, #n"),
			ExpressionAttributeNames: map[string]string{"#n": "n"},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, it := range out.Responses[*table.name] {
			got[formatItem(it)] = true
		}
		want := map[string]bool{"{n: 2, pk: 2}": true, "{n: 0, pk: 0}": true}
		if !maps.Equal(got, want) || len(out.UnprocessedKeys) != 0 {
			t.Errorf("got %v, unprocessed %v", got, out.UnprocessedKeys)
		}
		keys := make([]item, 101)
		for i := range keys {
			keys[i] = pk(fmt.Sprint(i))
		}
		_, err = table.batchGet(t.Context(), types.KeysAndAttributes{Keys: keys})
		wantErrorCode(t, err, "ValidationException")
		duplicates := []item{pk("1"), pk("1")}
		_, err = table.batchGet(t.Context(), types.KeysAndAttributes{Keys: duplicates})
		wantErrorCode(t, err, "ValidationException")
	})
}

func (table table) batchGet(
	ctx context.Context, request types.KeysAndAttributes,
) (*dynamodb.BatchGetItemOutput, error) {
	return table.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{*table.name: request},
	})
}

func TestDynamoDB_WritesBatches(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, pk("old"))
		write := func(requests ...types.WriteRequest) error {
			_, err := table.BatchWriteItem(t.Context(), &dynamodb.BatchWriteItemInput{
				RequestItems: map[string][]types.WriteRequest{*table.name: requests},
			})
			return err
		}
		put := types.WriteRequest{
			PutRequest: &types.PutRequest{Item: item{"pk": str("new"), "n": num(1)}},
		}
		remove := types.WriteRequest{DeleteRequest: &types.DeleteRequest{Key: pk("old")}}
		if err := write(put, remove); err != nil {
			t.Fatal(err)
		}
		wantItem(t, table.get(t, pk("new")), item{"pk": str("new"), "n": num(1)})
		if table.get(t, pk("old")) != nil {
			t.Error("the old item was not deleted")
		}
		if table.target.isMoto() {
			// If a batch contains two operations on one item, DynamoDB rejects the whole batch.
			t.Skip("moto accepts two puts of one item in a batch")
		}
		wantErrorCode(t, write(put, put), "ValidationException")
	})
}

func TestDynamoDB_TransactionAppliesAllWritesOrNone(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		table.put(t, item{"pk": str("a"), "n": num(1)})
		table.put(t, item{"pk": str("b"), "n": num(1)})
		transact := func(expected int) error {
			in := &dynamodb.TransactWriteItemsInput{TransactItems: []types.TransactWriteItem{
				{Update: &types.Update{
					TableName: table.name, Key: pk("a"),
					UpdateExpression:          aws.String("SET n = n + :one"),
					ExpressionAttributeValues: item{":one": num(1)},
				}},
				{Put: &types.Put{TableName: table.name, Item: pk("c")}},
				{ConditionCheck: &types.ConditionCheck{
					TableName: table.name, Key: pk("b"),
					ConditionExpression:                 aws.String("n = :n"),
					ExpressionAttributeValues:           item{":n": num(expected)},
					ReturnValuesOnConditionCheckFailure: returnOld,
				}},
			}}
			_, err := table.TransactWriteItems(t.Context(), in)
			return err
		}
		err := transact(2)
		var canceled *types.TransactionCanceledException
		if !errors.As(err, &canceled) {
			t.Fatalf("got %v, want TransactionCanceledException", err)
		}
		var codes []string
		for _, reason := range canceled.CancellationReasons {
			codes = append(codes, *reason.Code)
		}
		if want := []string{"None", "None", "ConditionalCheckFailed"}; !slices.Equal(codes, want) {
			t.Errorf("got reasons %v, want %v", codes, want)
		} else {
			wantItem(t, canceled.CancellationReasons[2].Item, item{"pk": str("b"), "n": num(1)})
		}
		wantItem(t, table.get(t, pk("a")), item{"pk": str("a"), "n": num(1)})
		if err := transact(1); err != nil {
			t.Fatal(err)
		}
		wantItem(t, table.get(t, pk("a")), item{"pk": str("a"), "n": num(2)})
		wantItem(t, table.get(t, pk("c")), pk("c"))
	})
}

func TestDynamoDB_TransactionWithTheSameTokenAppliesOnce(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		if table.target.isMoto() {
			t.Skip("moto ignores ClientRequestToken")
		}
		add := func(key string) error {
			_, err := table.TransactWriteItems(t.Context(), &dynamodb.TransactWriteItemsInput{
				ClientRequestToken: aws.String("token-1"),
				TransactItems: []types.TransactWriteItem{{Update: &types.Update{
					TableName: table.name, Key: pk(key),
					UpdateExpression:          aws.String("ADD n :one"),
					ExpressionAttributeValues: item{":one": num(1)},
				}}},
			})
			return err
		}
		for range 2 {
			if err := add("a"); err != nil {
				t.Fatal(err)
			}
		}
		wantItem(t, table.get(t, pk("a")), item{"pk": str("a"), "n": num(1)})
		wantErrorCode(t, add("b"), "IdempotentParameterMismatchException")
	})
}

// sortKeys runs a query and returns the sort keys of the items on all pages.
func sortKeys(t *testing.T, table table, in *dynamodb.QueryInput) (keys []string) {
	t.Helper()
	in.TableName = table.name
	for pages := dynamodb.NewQueryPaginator(table, in); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, it := range page.Items {
			keys = append(keys, it["sk"].(*types.AttributeValueMemberN).Value)
		}
	}
	return keys
}

func TestDynamoDB_QueriesInPages(t *testing.T) {
	forEachTable(t, types.ScalarAttributeTypeN, func(t *testing.T, table table) {
		for _, n := range []string{"10", "9", "-1", "2.5", "100"} {
			long := str(strings.Repeat("x", len(n)))
			table.put(t, item{"pk": str("p"), "sk": num(n), "long": long})
			table.put(t, item{"pk": str("q"), "sk": num(n)})
		}
		for _, test := range []struct {
			name, keyCondition string
			in                 dynamodb.QueryInput
			values             item
			want               []string
		}{
			{"partition in numeric order", "pk = :p", dynamodb.QueryInput{}, item{},
				[]string{"-1", "2.5", "9", "10", "100"}},
			{"backwards", "pk = :p", dynamodb.QueryInput{ScanIndexForward: aws.Bool(false)}, item{},
				[]string{"100", "10", "9", "2.5", "-1"}},
			{"comparison", "pk = :p AND sk >= :a", dynamodb.QueryInput{}, item{":a": num(9)},
				[]string{"9", "10", "100"}},
			{"between", "pk = :p AND sk BETWEEN :a AND :b", dynamodb.QueryInput{},
				item{":a": num(0), ":b": num(10)}, []string{"2.5", "9", "10"}},
			{"filter", "pk = :p", dynamodb.QueryInput{
				FilterExpression:         aws.String("size(#l) = :a"),
				ExpressionAttributeNames: map[string]string{"#l": "long"},
			}, item{":a": num(2)}, []string{"-1", "10"}},
		} {
			for _, limit := range []int32{1, 2, 100} {
				in := test.in
				in.KeyConditionExpression, in.Limit = &test.keyCondition, &limit
				in.ExpressionAttributeValues = maps.Clone(test.values)
				in.ExpressionAttributeValues[":p"] = str("p")
				if got := sortKeys(t, table, &in); !slices.Equal(got, test.want) {
					t.Errorf("%s, page size %d: got %v, want %v",
						test.name, limit, got, test.want)
				}
			}
		}
		_, err := table.Query(t.Context(), &dynamodb.QueryInput{
			TableName: table.name, KeyConditionExpression: aws.String("sk = :a"),
			ExpressionAttributeValues: item{":a": num(1)},
		})
		wantErrorCode(t, err, "ValidationException")
	})
}

func TestDynamoDB_QueriesByPrefix(t *testing.T) {
	forEachTable(t, types.ScalarAttributeTypeS, func(t *testing.T, table table) {
		for _, sk := range []string{"a", "b1", "b2", "c"} {
			table.put(t, item{"pk": str("p"), "sk": str(sk)})
		}
		out, err := table.Query(t.Context(), &dynamodb.QueryInput{
			TableName: table.name, Select: types.SelectCount,
			KeyConditionExpression:    aws.String("#p = :p AND begins_with(sk, :b)"),
			ExpressionAttributeNames:  map[string]string{"#p": "pk"},
			ExpressionAttributeValues: item{":p": str("p"), ":b": str("b")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if out.Count != 2 || out.ScannedCount != 2 || len(out.Items) != 0 {
			t.Errorf("counted %d of %d, with %d items", out.Count, out.ScannedCount, len(out.Items))
		}
	})
}

func TestDynamoDB_ScansInPages(t *testing.T) {
	forEachTable(t, "", func(t *testing.T, table table) {
		for i := range 7 {
			table.put(t, item{"pk": str(fmt.Sprint(i)), "n": num(i)})
		}
		var found []string
		scanned := 0
		in := &dynamodb.ScanInput{
			TableName: table.name, Limit: aws.Int32(3), FilterExpression: aws.String("n >= :n"),
			ProjectionExpression:      aws.String("pk"),
			ExpressionAttributeValues: item{":n": num(4)},
		}
		for pages := dynamodb.NewScanPaginator(table, in); pages.HasMorePages(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			scanned += int(page.ScannedCount)
			for _, it := range page.Items {
				found = append(found, formatItem(it))
			}
		}
		slices.Sort(found)
		want := []string{"{pk: 4}", "{pk: 5}", "{pk: 6}"}
		if !slices.Equal(found, want) || scanned != 7 {
			t.Errorf("found %v of %d, want %v of 7", found, scanned, want)
		}
	})
}

func BenchmarkDynamoDB_PutItemIfAbsent(b *testing.B) {
	table := newTable(b, localTarget(b), "")
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			err := table.tryPut(b.Context(), dynamodb.PutItemInput{
				Item:                                eventItem(uniqueName("EVENT")),
				ConditionExpression:                 aws.String("attribute_not_exists(pk)"),
				ReturnValuesOnConditionCheckFailure: returnOld,
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	reportRate(b)
}

// eventItem returns an item with the attributes of the pipeline's items.
func eventItem(id string) item {
	return item{
		"pk": str(id), "eventId": str(id), "eventType": str("demo"), "status": str("ENQUEUED"),
		"s3Bucket":      str("event-driven-cloud-platform-dev-bronze"),
		"s3Key":         str("bronze/demo/2026/01/02/03/" + id + ".json"),
		"payloadSha256": str(strings.Repeat("0a", 32)),
		"receivedAt":    str("2026-01-02T03:04:05.678Z"), "expiresAt": num(1900000000),
	}
}

func BenchmarkDynamoDB_UpdateItemOnCondition(b *testing.B) {
	table := newTable(b, localTarget(b), "")
	table.put(b, eventItem("EVENT#1"))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, err := table.update(b.Context(), dynamodb.UpdateItemInput{
				Key: pk("EVENT#1"),
				UpdateExpression: aws.String("SET #status = :status, processedAt = :at, " +
					"silverKey = :key"),
				ConditionExpression: aws.String("attribute_not_exists(pk) OR " +
					"#status = :status OR #status = :enqueued"),
				ExpressionAttributeNames: map[string]string{"#status": "status"},
				ExpressionAttributeValues: item{
					":status": str("PROCESSED"), ":enqueued": str("ENQUEUED"),
					":at":  str("2026-01-02T03:04:05.678Z"),
					":key": str("silver/demo/dt=2026-01-02/1.json"),
				},
			})
			if err != nil {
				b.Error(err)
			}
		}
	})
	reportRate(b)
}

func BenchmarkDynamoDB_BatchGetItem10(b *testing.B) {
	table := newTable(b, localTarget(b), "")
	var keys []item
	for i := range 10 {
		id := fmt.Sprintf("EVENT#%d", i)
		table.put(b, eventItem(id))
		keys = append(keys, pk(id))
	}
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			out, err := table.batchGet(b.Context(), types.KeysAndAttributes{Keys: keys})
			if err != nil || len(out.Responses[*table.name]) != 10 {
				b.Error(out, err)
			}
		}
	})
	reportRate(b)
}
