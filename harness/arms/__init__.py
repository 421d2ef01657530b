"""Arms of a comparison: a model, optionally with a system prompt, few-shot examples, or retrieval over documents."""
