package service

import "os"

// ownFile is a file that this process has made, until another process replaces it.
type ownFile struct {
	path string
	made os.FileInfo // nil if it is unknown
}

// noteFile returns the file at a path, which this process has just made.
func noteFile(path string) ownFile {
	made, _ := os.Lstat(path)
	return ownFile{path, made}
}

// remove removes the file, but not a later one with its name, which a server that was started
// during the drain may have made.
func (f ownFile) remove() {
	now, err := os.Lstat(f.path)
	if err == nil && f.made != nil && os.SameFile(now, f.made) && now.ModTime().Equal(f.made.ModTime()) {
		os.Remove(f.path)
	}
}
