package cost

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
)

// Prices holds the list prices of a region in USD. Prices of requests, events, traces and
// transitions are per million. Prices of storage are per GB and month.
type Prices struct {
	Region string `json:"region"`
	Date   string `json:"date"` // when the prices were looked up

	APIRequests       float64 `json:"apiRequests"` // HTTP API; requests of at most 512 KB
	LambdaRequests    float64 `json:"lambdaRequests"`
	LambdaGBSecondArm float64 `json:"lambdaGBSecondArm"`
	LambdaGBSecondX86 float64 `json:"lambdaGBSecondX86"`

	S3Puts                      float64 `json:"s3Puts"` // also LIST
	S3Gets                      float64 `json:"s3Gets"`
	S3ToInfrequentAccess        float64 `json:"s3ToInfrequentAccess"`
	S3ToGlacierInstantRetrieval float64 `json:"s3ToGlacierInstantRetrieval"`
	S3StandardGB                float64 `json:"s3StandardGB"`
	S3InfrequentAccessGB        float64 `json:"s3InfrequentAccessGB"`
	S3GlacierInstantRetrievalGB float64 `json:"s3GlacierInstantRetrievalGB"`

	DynamoDBWrites   float64 `json:"dynamodbWrites"` // on demand; items of at most 1 KB
	DynamoDBReads    float64 `json:"dynamodbReads"`  // on demand, consistent; at most 4 KB
	DynamoDBGB       float64 `json:"dynamodbGB"`
	DynamoDBBackupGB float64 `json:"dynamodbBackupGB"` // point-in-time recovery

	SQSRequests       float64 `json:"sqsRequests"`       // standard queue; at most 64 KB
	SQSFairRequests   float64 `json:"sqsFairRequests"`   // surcharge for messages with a group
	EventBridgeEvents float64 `json:"eventbridgeEvents"` // custom events of at most 64 KB

	LogsGB      float64 `json:"logsGB"`    // ingestion
	Metric      float64 `json:"metric"`    // custom metric, per month
	Alarm       float64 `json:"alarm"`     // per metric of an alarm and month
	Dashboard   float64 `json:"dashboard"` // per month
	Traces      float64 `json:"traces"`    // recorded by X-Ray
	KMSRequests float64 `json:"kmsRequests"`
	KMSKey      float64 `json:"kmsKey"` // customer managed key, per month

	Secret         float64 `json:"secret"` // in Secrets Manager, per month
	SecretRequests float64 `json:"secretRequests"`
}

//go:embed prices.json
var defaultPrices []byte

// DefaultPrices returns the list prices of us-east-1.
func DefaultPrices() Prices {
	prices, err := ReadPrices(defaultPrices)
	if err != nil {
		panic(err) // never happens: a test reads the file
	}
	return prices
}

// ReadPrices reads prices in the format of prices.json. All prices must be set.
func ReadPrices(content []byte) (Prices, error) {
	var prices Prices
	if err := jsonv2.Unmarshal(content, &prices, jsonv2.RejectUnknownMembers(true)); err != nil {
		return Prices{}, fmt.Errorf("prices must have the format of prices.json: %w", err)
	}
	set, err := members(content)
	if err != nil {
		return Prices{}, err
	}
	all, err := json.Marshal(prices)
	if err != nil {
		return Prices{}, err
	}
	expected, err := members(all)
	if err != nil {
		return Prices{}, err
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(expected)) {
		value, ok := set[name]
		if !ok || value == nil {
			missing = append(missing, name)
		}
		if number, ok := value.(float64); ok && (number < 0 || math.IsInf(number, 0)) {
			return Prices{}, fmt.Errorf("price %s must be at least 0, got %v", name, number)
		}
	}
	if len(missing) > 0 {
		return Prices{}, fmt.Errorf("all prices of prices.json must be set, missing: %s",
			strings.Join(missing, ", "))
	}
	return prices, nil
}

func members(content []byte) (members map[string]any, err error) {
	return members, json.Unmarshal(content, &members)
}
