"""Other people's logs: XES and OCEL 2.0 of process mining, OTLP spans of OpenTelemetry; read and, but for spans, written.

Such a log holds no objects of a run.  Each of its events becomes a `runstate.foreign.told.Told`: which run, which event
or status, when.  `runstate.read` recognises the formats and hands these on as observations.
"""
