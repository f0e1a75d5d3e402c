extension Int {
  /// The product, or the largest number where that is too small for it: for sizes that are to be compared with a limit.
  package func saturatingProduct(_ other: Int) -> Int {
    let (product, overflow) = multipliedReportingOverflow(by: other)
    return overflow ? .max : product
  }
}
