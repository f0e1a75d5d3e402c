/// The seconds of the fastest of some runs: short ones, so that some are undisturbed on a busy machine too.
func fastestSeconds(runs: Int, _ body: () -> Void) -> Double {
  let clock = ContinuousClock()
  return (0..<runs).reduce(.infinity) { fastest, _ in
    let start = clock.now
    body()
    return min(fastest, (clock.now - start) / .seconds(1))
  }
}

/// Keeps a result that nobody needs from being left out.
@inline(never) func keep<Value>(_ value: Value) {}
