// swift-tools-version: 6.1

import PackageDescription

let package = Package(
  name: "martlet",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Martlet", targets: ["Martlet"]),
    .library(name: "MartletModels", targets: ["MartletModels"]),
    .library(name: "MartletData", targets: ["MartletData"]),
    .library(name: "MartletInterchange", targets: ["MartletInterchange"]),
    .library(name: "MartletONNX", targets: ["MartletONNX"]),
    .library(name: "MartletTraining", targets: ["MartletTraining"]),
    .executable(name: "martlet", targets: ["MartletCommand"]),
    .executable(name: "martlet-bench", targets: ["MartletBench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    // The core, from the leaf kernels up. Each target stands only on the ones above it.
    .target(name: "CMartletKernels"),
    .target(name: "MartletKernels", dependencies: ["CMartletKernels"]),
    .target(name: "Martlet", dependencies: ["MartletKernels"]),
    .target(name: "MartletFiles", dependencies: ["Martlet"]),
    .target(name: "MartletInterchange", dependencies: ["Martlet", "MartletKernels", "MartletFiles"]),
    .target(
      name: "MartletONNX",
      dependencies: [
        "Martlet", "MartletFiles", "MartletInterchange", "MartletKernels",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["Schema/onnx.proto"]),

    // Image codecs come from the libraries made for them.
    .systemLibrary(
      name: "CSystemPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CSystemTurboJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CSystemTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"]), .brew(["libtiff"])]),
    .target(name: "CImageShims", dependencies: ["CSystemPNG", "CSystemTIFF"]),
    .systemLibrary(
      name: "CSystemZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CSystemExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"]), .brew(["expat"])]),
    .target(
      name: "MartletData",
      dependencies: [
        "Martlet", "MartletKernels", "MartletFiles", "MartletInterchange", "CSystemPNG", "CSystemTurboJPEG",
        "CSystemZlib", "CSystemExpat", "CImageShims",
      ]),

    .target(name: "MartletModels", dependencies: ["Martlet"]),
    .target(
      name: "MartletTraining",
      dependencies: [
        "Martlet", "MartletKernels", "MartletModels", "MartletData", "MartletFiles", "MartletInterchange",
        "MartletONNX", .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "Yams", package: "Yams"),
      ],
      exclude: ["Events/event.proto"]),
    .executableTarget(
      name: "MartletCommand",
      dependencies: [
        "Martlet", "MartletFiles", "MartletModels", "MartletData", "MartletInterchange", "MartletONNX",
        "MartletTraining",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Measures the parts above for Benchmarks/bench.py.
    .executableTarget(
      name: "MartletBench",
      dependencies: [
        "CMartletKernels", "Martlet", "MartletData", "MartletInterchange", "MartletKernels", "MartletModels",
        "MartletONNX", "MartletTraining",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .testTarget(name: "MartletKernelsTests", dependencies: ["MartletKernels", "CMartletKernels"]),
    .testTarget(name: "MartletTests", dependencies: ["Martlet", "MartletInterchange"]),
    .testTarget(name: "MartletInterchangeTests", dependencies: ["MartletInterchange", "MartletFiles"]),
    .testTarget(
      name: "MartletONNXTests",
      dependencies: [
        "MartletONNX", "MartletInterchange", "MartletModels",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ]),
    .testTarget(
      name: "MartletDataTests",
      dependencies: ["MartletData", "MartletFiles", "MartletInterchange", "MartletKernels"]),
    .testTarget(name: "MartletModelsTests", dependencies: ["MartletModels", "MartletInterchange"]),
    .testTarget(
      name: "MartletTrainingTests", dependencies: ["MartletFiles", "MartletONNX", "MartletTraining"]),
    .testTarget(name: "MartletCommandTests", dependencies: ["MartletCommand"]),
  ],
  swiftLanguageModes: [.v6]
)

// libFuzzer's program, which links with a library that not every toolchain has: see `make fuzz`.
if Context.environment["MARTLET_FUZZ"] != nil {
  package.products.append(.executable(name: "martlet-fuzz", targets: ["MartletFuzz"]))
  package.targets += [
    .systemLibrary(name: "CLibFuzzer"),
    .executableTarget(
      name: "MartletFuzz",
      dependencies: [
        "CLibFuzzer", "CSystemZlib", "Martlet", "MartletData", "MartletInterchange", "MartletKernels",
        "MartletONNX",
        "MartletTraining",
      ]),
  ]
}
