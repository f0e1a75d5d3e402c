import ArgumentParser
import MartletData

struct SynthesizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "synthesize", abstract: "Draw images with exact masks, for trying things out.",
    subcommands: [SynthesizeCellsCommand.self])
}

struct SynthesizeCellsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cells", abstract: "Draw microscope-like images of cells.",
    discussion: """
      Writes images/, masks/ (0 and 255) and instances/ (16 bits, a number a nucleus). Nuclei touch and overlap, \
      light is uneven, and there is noise. The same arguments give the same bytes.
      """)

  @Option(parsing: .unconditional, help: "How many images.") var count = 64
  @Option(parsing: .unconditional, help: "Their height and width.") var size = 256
  @Option(help: "What all random numbers follow from.") var seed: UInt64 = 1
  @Option(help: ArgumentHelp("The folder to write; it must be empty or new.", valueName: "dir")) var output:
    String
  @Flag(help: "Write into a folder that is not empty, replacing files of the same names.") var overwrite =
    false

  func run() throws {
    try removingDrafts {
      try synthesizeCells(count: count, size: size, seed: seed, output: output, overwriting: overwrite)
    }
    try printResult("wrote \(counted(count, "image")) with masks to \(output)")
  }
}
