package service

import "os"

// ownFile is a file that this process has made, until another takes its place.
type ownFile struct {
	path string
	made os.FileInfo // nil if it is unknown
}

// noteFile returns the file at a path, which this process has just made.
func noteFile(path string) ownFile {
	made, _ := os.Lstat(path)
	return ownFile{path, made}
}

// remove removes the file, but not one that has its name now: a server that is started while
// this one drains may have made it.
func (f ownFile) remove() {
	now, err := os.Lstat(f.path)
	if err == nil && f.made != nil && os.SameFile(now, f.made) && now.ModTime().Equal(f.made.ModTime()) {
		os.Remove(f.path)
	}
}
