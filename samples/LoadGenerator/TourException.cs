namespace LoadGenerator;

/// <summary>A step cannot go on; the message is one line for the user.</summary>
internal sealed class TourException(string message) : Exception(message);
