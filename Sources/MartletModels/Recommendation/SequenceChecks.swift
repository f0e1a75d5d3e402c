import Martlet

/// Checks histories and their lengths.
func checkHistories(_ items: Tensor, _ lengths: Tensor, _ maximumLength: Int, _ name: String) throws {
  try checkItems(items, maximumLength, name)
  try require(
    lengths.type == TensorType([items.shape[0]], .int32), name,
    "expected lengths int32[\(items.shape[0])], got \(lengths.type)")
}

/// Checks histories.
func checkItems(_ items: Tensor, _ maximumLength: Int, _ name: String) throws {
  try require(
    items.rank == 2 && items.shape[1] == maximumLength, name,
    "expected items [N, \(maximumLength)], got \(items.type)")
}
