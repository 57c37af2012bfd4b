package console

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/event-driven-cloud-platform/eventpipeline/internal/emulator/activity"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed assets
var assetFiles embed.FS

var templates = template.Must(
	template.New("").Funcs(templateFunctions).ParseFS(templateFiles, "templates/*.html"))

// page holds the data of the layout and of a page's template.
type page struct {
	Title     string
	Nav       string // name of the page, which is also its path
	View      *view
	Pipelines []*view
	Local     bool
	Watch     bool
	Write     bool
	Change    string // token for changes; "" if the console is read-only
	Live      string // query of the stream that makes the page load again; "" for none
	Badges    badges
	Status    int // status of the response; 0 means 200
	Data      any
}

// Path returns the path of a page of the same pipeline.
func (p page) Path(parts ...string) string { return p.View.path(parts...) }

func (v *view) path(parts ...string) string {
	path := "/" + v.Slug
	for _, part := range parts {
		path += "/" + url.PathEscape(part)
	}
	return path
}

// fragmentHeader is a request header that asks for only the main part of a page.
const fragmentHeader = "X-Fragment"

// show renders a page. If the request has the header fragmentHeader, show renders only the main
// part.
func (v *view) show(w http.ResponseWriter, r *http.Request, p page) {
	p.View, p.Pipelines = v, v.server.views()
	p.Local, p.Watch, p.Write = v.server.o.Local, v.server.o.Watch, v.server.o.Write
	p.Change = v.server.access.change
	p.Badges = v.badges(r.Context())
	name := "layout"
	if r.Header.Get(fragmentHeader) != "" {
		name = "main"
	}
	var html bytes.Buffer
	if err := templates.ExecuteTemplate(&html, name, p); err != nil {
		writePlainPage(w, http.StatusInternalServerError, plainPage{
			"The console can't show this page",
			"This is a fault of the console; please report it: " + escape(err.Error()),
			v.path() + "/", "Overview",
		})
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(cmp.Or(p.Status, http.StatusOK))
	_, _ = w.Write(html.Bytes()) // fails only if the browser is gone
}

// response is the response to a change: a page to open, a message or an error.
type response struct {
	Location string `json:"location,omitempty"`
	Message  string `json:"message,omitempty"`
	Error    string `json:"error,omitempty"`
}

func writeResponse(w http.ResponseWriter, status int, a response) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(a) // the browser can be gone
}

// handler returns the handler of all pages.
func (s *Server) handler() http.Handler {
	pages := http.NewServeMux()
	show := func(pattern string, fn func(*view, http.ResponseWriter, *http.Request)) {
		pages.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			fn(r.Context().Value(viewKey{}).(*view), w, r)
		})
	}
	change := func(pattern string, fn func(*view, *http.Request) (response, error)) {
		show("POST "+pattern, func(v *view, w http.ResponseWriter, r *http.Request) {
			if !s.o.Write {
				writeResponse(w, http.StatusForbidden,
					response{Error: "the console is read-only: start it with --write"})
				return
			}
			v.respond(w, r, fn)
		})
	}
	show("/", (*view).notFound)
	show("GET /{$}", (*view).overview)
	show("GET /events", (*view).events)
	show("GET /events/rows", (*view).eventRows)
	show("GET /events/{id}", (*view).event)
	show("GET /events/{id}/members", (*view).memberRows)
	show("GET /events/{id}/{file}", (*view).eventFile)
	show("GET /send", (*view).sendForm)
	show("GET /deadletters", (*view).deadLetters)
	show("GET /deadletters/{action}", (*view).deadLetterPreview)
	show("GET /refused", (*view).rejected)
	show("GET /refused/{number}", (*view).rejectedBody)
	show("GET /replay", (*view).replayPage)
	show("GET /reload", (*view).reload)
	show("GET /stream", (*view).serveStream)
	show("POST /replay/{kind}", (*view).startCount) // count and compare change nothing
	change("/send", (*view).send)
	change("/events/{id}/{action}", (*view).changeEvent)
	change("/deadletters/{action}", (*view).changeDeadLetters)
	change("/replay", (*view).startReplay)
	change("/jobs/{id}/{action}", (*view).controlJob)

	assets, err := fs.Sub(assetFiles, "assets")
	if err != nil {
		panic(err) // never happens: the folder is embedded
	}
	files := http.StripPrefix("/-/", http.FileServerFS(assets))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/-/") {
			files.ServeHTTP(w, r)
			return
		}
		s.servePage(w, r, pages)
	})
}

// viewKey is the key of the view in a request's context.
type viewKey struct{}

// servePage passes the request to a page of a pipeline. The first part of the path is the
// pipeline's slug.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, pages http.Handler) {
	all := s.views()
	if len(all) == 0 {
		reject(w, r, http.StatusServiceUnavailable, plainPage{
			"The pipelines are not known yet", "The platform is starting.", r.URL.Path, "Try again",
		})
		return
	}
	slug, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if slug == "" {
		http.Redirect(w, r, all[0].path()+"/", http.StatusSeeOther)
		return
	}
	v := s.find(slug)
	if v == nil {
		all[0].notFound(w, r)
		return
	}
	inner := r.WithContext(withView(r.Context(), v))
	u := *r.URL
	u.Path, u.RawPath = "/"+rest, ""
	inner.URL = &u
	pages.ServeHTTP(w, inner)
}

// respond calls fn, and writes the response or the error that fn returns.
func (v *view) respond(
	w http.ResponseWriter, r *http.Request, fn func(*view, *http.Request) (response, error),
) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	result, err := fn(v, r)
	if err != nil {
		writeResponse(w, http.StatusUnprocessableEntity,
			response{Error: terminalLines(err.Error())})
		return
	}
	writeResponse(w, http.StatusOK, result)
}

// maxForm is the maximum size in bytes of a request that changes something. Such a request can
// contain an event.
const maxForm = 12 << 20

// command returns a command line with the flags that select the view's pipeline.
func (v *view) command(words ...string) string {
	return v.server.o.Command(append([]string{words[0], v.server.o.Flags(v.Pipeline)},
		words[1:]...)...)
}

// field is a name with a value.
type field struct{ Name, Value string }

var templateFunctions = template.FuncMap{
	"clock":    func(t time.Time) string { return t.Local().Format("15:04:05.000") },
	"day":      func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05.000") },
	"utc":      func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") },
	"ms":       func(t time.Time) int64 { return t.UnixMilli() },
	"age":      func(t time.Time) string { return formatAge(time.Since(t)) },
	"duration": formatDuration,
	"millis":   formatMillis,
	"count":    formatCount,
	"bytes":    formatBytes,
	"rate":     formatRate,
	"dict":     dict,
	"visible":  escape,
	"plural":   quantity,
	"add":      func(a, b int) int { return a + b },

	"detailType": func() string { return activity.DetailType },
}

// dict returns a map. pairs holds a name, its value, the next name, and so on. A template passes
// the map to another template.
func dict(pairs ...any) (map[string]any, error) {
	values := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("name must be a string, got %v", pairs[i])
		}
		values[name] = pairs[i+1]
	}
	return values, nil
}
