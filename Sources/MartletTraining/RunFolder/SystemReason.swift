import Foundation

/// Why the system refused something, in its own words; Foundation's are often "could not be completed".
package func systemReason(_ error: any Error) -> String {
  let posix = (error as? CocoaError)?.underlying as? POSIXError ?? error as? POSIXError
  if let posix { return String(cString: strerror(posix.code.rawValue)) }
  // On Linux some errors carry no other.
  let missing: [CocoaError.Code] = [.fileNoSuchFile, .fileReadNoSuchFile]
  if let code = (error as? CocoaError)?.code, missing.contains(code) {
    return String(cString: strerror(ENOENT))
  }
  return error.localizedDescription
}
