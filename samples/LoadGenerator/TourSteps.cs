namespace LoadGenerator;

/// <summary>A step of the tour: what it is called on the command line, and in the dashboard.</summary>
internal sealed record TourStep(string Name, string Title);

/// <summary>The steps of the tour. The AppHost and Standalone compile this file too.</summary>
internal static class TourSteps
{
    /// <summary>Instead of names: every step.</summary>
    public const string Whole = "all";

    /// <summary>In the order in which the tour takes them. The last one leaves a replica to be started again.</summary>
    public static readonly TourStep[] All =
    [
        new("sees", "What each layer sees of a request"),
        new("kept-alive-l4", "30 requests, one kept-alive connection, through L4"),
        new("kept-alive-l7", "30 requests, one kept-alive connection, through L7"),
        new("connections", "100 clients, one or two connections each"),
        new("nat", "NAT table"),
        new("tls", "Whose certificate the client sees"),
        new("paths", "Four paths, four services"),
        new("cache", "Cache /about"),
        new("limits", "20 requests where 5 a second are allowed"),
        new("sticky", "Sticky: 30 requests with a cookie"),
        new("canary", "Canary 20 %"),
        new("slow", "Slow backend with each policy"),
        new("kill", "Kill a replica"),
    ];

    /// <summary>The steps of these names, in that order; of none, all.</summary>
    /// <returns>Them, or what is wrong with a name.</returns>
    public static (IReadOnlyList<TourStep> Steps, string? Error) Find(IReadOnlyList<string> names)
    {
        if (names is [] or [Whole])
        {
            return (All, null);
        }

        var unknown = names.FirstOrDefault(name => !Array.Exists(All, step => step.Name == name));
        return unknown is null
            ? ([.. names.Select(name => Array.Find(All, step => step.Name == name)!)], null)
            : ([], $"'{unknown}' is not a step of the tour; must be {Whole} or some of {string.Join(", ", All.Select(step => step.Name))}");
    }
}
