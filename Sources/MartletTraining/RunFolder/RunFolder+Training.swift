extension RunFolder {
  /// The files that the trainer itself writes.
  var trainingFiles: TrainingFiles { TrainingFiles(checkpoint: checkpoint, model: model) }
}
