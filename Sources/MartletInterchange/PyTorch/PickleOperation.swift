/// The operations of a pickle that are run, by their codes (Python's `pickletools`).
enum PickleOperation: UInt8 {
  case proto = 0x80
  case stop = 0x2E
  case global = 0x63
  case reduce = 0x52
  case newObject = 0x81
  case build = 0x62
  case mark = 0x28
  case tuple = 0x74
  case tuple1 = 0x85
  case tuple2 = 0x86
  case tuple3 = 0x87
  case emptyTuple = 0x29
  case emptyList = 0x5D
  case emptyDict = 0x7D
  case emptySet = 0x8F
  case append = 0x61
  case appends = 0x65
  case setItem = 0x73
  case setItems = 0x75
  case none = 0x4E
  case newTrue = 0x88
  case newFalse = 0x89
  case binInt = 0x4A
  case binInt1 = 0x4B
  case binInt2 = 0x4D
  case long1 = 0x8A
  case binFloat = 0x47
  case binUnicode = 0x58
  case shortBinString = 0x55
  case binPersID = 0x51
  case binPut = 0x71
  case longBinPut = 0x72
  case binGet = 0x68
  case longBinGet = 0x6A

  /// What a code that is not run is called; those that do more than make values have their names.
  static func name(ofRefused code: UInt8) -> String {
    let names: [UInt8: String] = [
      0x69: "INST", 0x6F: "OBJ", 0x50: "PERSID", 0x82: "EXT1", 0x83: "EXT2", 0x84: "EXT4", 0x8B: "LONG4",
      0x92: "NEWOBJ_EX", 0x93: "STACK_GLOBAL", 0x94: "MEMOIZE", 0x95: "FRAME", 0x8C: "SHORT_BINUNICODE",
      0x54: "BINSTRING", 0x42: "BINBYTES", 0x43: "SHORT_BINBYTES",
    ]
    let hexadecimal = "0x" + String(code, radix: 16, uppercase: true)
    return names[code].map { "the pickle operation \($0) (\(hexadecimal))" }
      ?? "the pickle operation \(hexadecimal)"
  }
}
