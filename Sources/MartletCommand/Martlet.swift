import ArgumentParser

@main
struct MartletCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "martlet", abstract: "Convolutional networks in Swift.")
}
