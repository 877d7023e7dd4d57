// Verifies a ledger's folder with golang.org/x/mod/sumdb/note and tlog, which are not ours.
//
//	verify-ledger [-witness VKEY]... DIR VKEY [PROOF_FILE]
//
// DIR has `checkpoint` and `tile/` as c2sp.org/tlog-tiles lays them down. Every entry is read and held against the tiles, every tile against the checkpoint;
// proofs are made from the tiles and checked. Each witness must have cosigned. A PROOF_FILE must prove the entry of its index.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// witness verifies cosignature/v1, which sumdb/note does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func newWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("not a vkey")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return nil, errors.New("not the vkey of a witness")
	}
	return &witness{parts[0], uint32(hash), key[1:]}, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }
func (w *witness) Verify(text, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), text)
	return ed25519.Verify(w.key, []byte(message), sig[8:])
}

// folder reads tiles from a folder; sumdb's paths have the height of tiles in them.
type folder string

func (f folder) Height() int                     { return 8 }
func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := f.readTile(tile)
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) readTile(tile tlog.Tile) ([]byte, error) {
	path := func(t tlog.Tile) string { return filepath.Join(string(f), strings.Replace(t.Path(), "tile/8/", "tile/", 1)) }
	data, err := os.ReadFile(path(tile))
	if errors.Is(err, os.ErrNotExist) {
		full := tile
		full.W = 256
		if data, err = os.ReadFile(path(full)); err == nil {
			data = data[:tile.W*tlog.HashSize]
		}
	}
	return data, err
}

func (f folder) entries(bundle int64, width int) ([][]byte, error) {
	tile := tlog.Tile{H: 8, L: -1, N: bundle, W: width}
	path := filepath.Join(string(f), strings.Replace(tile.Path(), "tile/8/data/", "tile/entries/", 1))
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s is cut off", path)
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries, data = append(entries, data[2:end]), data[end:]
	}
	if len(entries) != width {
		return nil, fmt.Errorf("%s has %d entries, not %d", path, len(entries), width)
	}
	return entries, nil
}

// open verifies a checkpoint: signed by the ledger, cosigned by each witness.
func open(data []byte, ledger note.Verifier, witnesses []*witness) (tlog.Tree, error) {
	verifiers := []note.Verifier{ledger}
	for _, w := range witnesses {
		verifiers = append(verifiers, w)
	}
	opened, err := note.Open(data, note.VerifierList(verifiers...))
	if err != nil {
		return tlog.Tree{}, err
	}
	if len(opened.Sigs) != len(verifiers) {
		return tlog.Tree{}, fmt.Errorf("%d of %d signatures", len(opened.Sigs), len(verifiers))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != ledger.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this ledger")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func verifyLedger(dir folder, ledger note.Verifier, witnesses []*witness) (tlog.Tree, error) {
	data, err := os.ReadFile(filepath.Join(string(dir), "checkpoint"))
	if err != nil {
		return tlog.Tree{}, err
	}
	tree, err := open(data, ledger, witnesses)
	if err != nil {
		return tree, err
	}
	reader := tlog.TileHashReader(tree, dir)
	for first := int64(0); first < tree.N; first += 256 {
		width := int(min64(256, tree.N-first))
		entries, err := dir.entries(first/256, width)
		if err != nil {
			return tree, err
		}
		var indexes []int64
		for i := range entries {
			indexes = append(indexes, tlog.StoredHashIndex(0, first+int64(i)))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return tree, err
		}
		for i, entry := range entries {
			if tlog.RecordHash(entry) != hashes[i] {
				return tree, fmt.Errorf("entry %d is another", first+int64(i))
			}
		}
	}
	for at := int64(0); at < tree.N; at += 1 + tree.N/16 {
		proof, err := tlog.ProveRecord(tree.N, at, reader)
		if err != nil {
			return tree, err
		}
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, at)})
		if err != nil {
			return tree, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, at, hashes[0]); err != nil {
			return tree, err
		}
		older, err := tlog.TreeHash(at+1, reader)
		if err != nil {
			return tree, err
		}
		grown, err := tlog.ProveTree(tree.N, at+1, reader)
		if err != nil {
			return tree, err
		}
		if err := tlog.CheckTree(grown, tree.N, tree.Hash, at+1, older); err != nil {
			return tree, err
		}
	}
	return tree, nil
}

func verifyProof(dir folder, inLedger tlog.Tree, path string, ledger note.Verifier, witnesses []*witness) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, checkpoint, _ := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("not a proof file")
	}
	lines = lines[1:]
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	if len(lines) == 0 || !strings.HasPrefix(lines[0], "index ") {
		return errors.New("no index")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, err := open([]byte(checkpoint), ledger, witnesses)
	if err != nil {
		return err
	}
	if index < 0 || index >= tree.N || tree.N > inLedger.N {
		return errors.New("index or size out of range")
	}
	first := index / 256 * 256
	entries, err := dir.entries(first/256, int(min64(256, inLedger.N-first)))
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entries[index-first]))
}

func min64(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

func run() error {
	var witnesses []*witness
	flag.Func("witness", "the vkey of a witness that must have cosigned", func(vkey string) error {
		w, err := newWitness(vkey)
		witnesses = append(witnesses, w)
		return err
	})
	flag.Parse()
	if flag.NArg() < 2 || flag.NArg() > 3 {
		return errors.New("usage: verify-ledger [-witness VKEY]... DIR VKEY [PROOF_FILE]")
	}
	ledger, err := note.NewVerifier(flag.Arg(1))
	if err != nil {
		return err
	}
	dir := folder(flag.Arg(0))
	tree, err := verifyLedger(dir, ledger, witnesses)
	if err != nil {
		return err
	}
	if flag.NArg() == 3 {
		if err := verifyProof(dir, tree, flag.Arg(2), ledger, witnesses); err != nil {
			return err
		}
	}
	fmt.Printf("verified: %d entries under %v\n", tree.N, tree.Hash)
	return nil
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}
