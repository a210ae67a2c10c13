"""Data sets, estimators, training, metrics and model files.

    spec        the models of diln.toml                            load_spec
    template    the spec that `diln init` writes                   spec_template
    data        a data set and where it came from                  load_dataset
    training    fit a pipeline, on this machine or on a cluster    train
    metrics     what a model is worth on data it has not seen      check_gate
    report      pictures, JSON and Markdown                        write_report
    modelfile   models as data, never as code                      save_model, load_model, model_bytes
    description what a model is, for its manifest                  describe
    prediction  check rows against the features, then predict      predict_rows

Import from these modules: this package imports none of them, so that a command that needs only one does not
pay for pandas, scikit-learn and matplotlib.
"""
