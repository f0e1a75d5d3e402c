import ArgumentParser

/// `--overwrite`, for the commands that write files.
struct OverwriteFlag: ParsableArguments {
  @Flag(help: "Replace files that are there; never those that are read, nor a run's data.")
  var overwrite = false
}
