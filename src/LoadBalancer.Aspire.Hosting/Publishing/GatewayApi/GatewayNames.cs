namespace Aspire.Hosting.LoadBalancing;

/// <summary>Makes names of Kubernetes of ours, each once.</summary>
internal sealed class GatewayNames
{
    private const int MaxLength = 63;

    private readonly HashSet<string> _taken = [];

    /// <returns>The text in lower-case letters, digits and hyphens, with a number where it is taken.</returns>
    public string Of(string text)
    {
        var stem = Label(text);
        var name = stem;
        for (var number = 2; !_taken.Add(name); number++)
        {
            var suffix = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"-{number}");
            name = stem[..Math.Min(stem.Length, MaxLength - suffix.Length)] + suffix;
        }

        return name;
    }

    public static string Label(string text)
    {
        var label = string.Concat(text.Select(c => char.IsAsciiLetterOrDigit(c) ? char.ToLowerInvariant(c) : '-')).Trim('-');
        label = label[..Math.Min(label.Length, MaxLength)].TrimEnd('-');
        return label.Length > 0 ? label : "x";
    }
}
