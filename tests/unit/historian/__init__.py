"""The historian without a database: rows, questions, exports, and the writer on a store in memory."""
