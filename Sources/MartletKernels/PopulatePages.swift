import CMartletKernels

/// Has the system give a block its pages now instead of at their first use. It may be in use meanwhile: no byte changes.
package func populatePages(of block: UnsafeMutableRawPointer, byteCount: Int) {
  martlet_populate_pages(block, byteCount)
}
