/// The version of the library and the program.
public let martletVersion = "0.1.0"
