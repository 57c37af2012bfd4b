package main

import (
	"fmt"
	"regexp"
	"strconv"
)

// eventRate is a flag value: a number of events per month.
type eventRate float64

var ratePattern = regexp.MustCompile(
	`^([0-9]+(?:\.[0-9]+)?)([kMG]?)(?:/(s|second|minute|hour|day|month))?$`)

var rateUnits = map[string]float64{"": 1, "k": 1e3, "M": 1e6, "G": 1e9}

const maxEventsPerMonth = 1e13

// perMonth maps a period, such as "day", to the number of such periods in a month of 730 hours.
var perMonth = map[string]float64{
	"": 1, "month": 1, "day": 730.0 / 24, "hour": 730, "minute": 730 * 60,
	"second": 730 * 3600, "s": 730 * 3600,
}

func (r *eventRate) Set(text string) error {
	parts := ratePattern.FindStringSubmatch(text)
	if parts == nil {
		return fmt.Errorf("must be a number of events and a period, such as 50M/month, 2M/day or " +
			"1000/s")
	}
	number, err := strconv.ParseFloat(parts[1], 64)
	if err != nil {
		return err
	}
	events := number * rateUnits[parts[2]] * perMonth[parts[3]]
	if events <= 0 || events > maxEventsPerMonth {
		return fmt.Errorf("must be more than 0 and at most %g events per month, got %g",
			maxEventsPerMonth, events)
	}
	*r = eventRate(events)
	return nil
}

func (r *eventRate) String() string {
	return strconv.FormatFloat(float64(*r)/1e6, 'f', -1, 64) + "M/month"
}

func (r *eventRate) Type() string { return "rate" }
