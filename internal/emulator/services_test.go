package emulator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/faults"
)

func TestFaults_CanNameEachService(t *testing.T) {
	s, err := newServices(Options{}.withDefaults(), nil, "", DefaultAccount, "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	for _, service := range s.list() {
		operations := service.handler.Operations()
		if len(operations) == 0 {
			t.Errorf("%s has no operations", service.Name)
			continue
		}
		content, err := json.Marshal(faults.Config{Rules: []faults.Rule{{
			Service: service.Name, Operation: operations[0], Fault: faults.Error, Rate: 1,
		}}})
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "faults.json")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		config, err := faults.ReadConfig(file, FaultServices())
		if err == nil {
			err = s.checkFaults(config, nil)
		}
		if err != nil {
			t.Error(err)
		}
	}
}
