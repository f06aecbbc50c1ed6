namespace Settings;

internal sealed record Setting(string Value);
