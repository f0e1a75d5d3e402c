import ArgumentParser
import Martlet

/// `--numerics`, for the commands that run a network.
struct NumericsOption: ParsableArguments {
  @Option(help: "Rounding that convolutions may trade for speed: fast, strict or direct.")
  var numerics = Numerics.fast
}

extension Numerics: ExpressibleByArgument {}
