import Martlet

extension MartletError {
  /// The reason why nothing is made of a network's results when some are no numbers: each comparison with such a one is
  /// false, so that the first class would seem to be the likeliest everywhere.
  package static let probabilitiesAreNoNumbers = MartletError(
    "network", "gives probabilities that are no numbers: its weights are none, or have overflowed")
}
