import Martlet

/// Checks the sizes that all sequence models have.
func checkSizes(
  _ name: String, itemCount: Int, maximumLength: Int, hiddenSize: Int, innerSize: Int, layers: Int, heads: Int
) throws {
  try require(
    (1..<Int(Int32.max)).contains(itemCount), name, "expected 1 to \(Int32.max - 1) items, got \(itemCount)")
  try require(
    (1...65536).contains(maximumLength), name, "expected a maximum length of 1 to 65536, got \(maximumLength)"
  )
  try require(
    (1...65536).contains(hiddenSize) && (1...65536).contains(innerSize), name,
    "expected a hidden and an inner size of 1 to 65536, got \(hiddenSize) and \(innerSize)")
  try require((1...64).contains(layers), name, "expected 1 to 64 layers, got \(layers)")
  try require(
    heads >= 1 && hiddenSize % heads == 0, name,
    "expected heads that divide the hidden size \(hiddenSize), got \(heads)")
}

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
