using System.Text.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Routing;

namespace LoadBalancer.Server.Configuration;

/// <summary>A configuration that was read and is not in force: the file with the environment variables over it.</summary>
/// <param name="Data">What the file says, as configuration keys.</param>
/// <param name="Options">The options; null when there are errors.</param>
/// <param name="Errors">Every error, a readable line each.</param>
internal sealed record ConfigurationCandidate(IDictionary<string, string?> Data, LoadBalancerOptions? Options, IReadOnlyList<string> Errors)
{
    /// <summary>Whether the text was not even JSON: perhaps it was being written.</summary>
    public bool IsMalformed { get; private init; }

    /// <summary>Reads a file.</summary>
    public static ConfigurationCandidate Read(string path)
    {
        IConfigurationRoot file;
        try
        {
            using var stream = File.OpenRead(path);
            file = new ConfigurationBuilder().AddJsonStream(stream).Build();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Malformed($"{path}: cannot be read: {exception.Message}");
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidDataException)
        {
            return Malformed($"{path}: {Explain(exception)}");
        }

        var merged = new ConfigurationBuilder().AddConfiguration(file).AddEnvironmentVariables().Build();
        var result = ConfigurationReader.Read(merged, RouteValidator.Validate);
        List<ConfigurationError> errors = [.. ConfigurationReader.UnknownSections(file), .. result.Errors];
        var data = new Dictionary<string, string?>(file.AsEnumerable(), StringComparer.OrdinalIgnoreCase);
        return new(data, errors.Count == 0 ? result.Options : null, [.. errors.Select(error => $"{path}: {error}")]);
    }

    /// <summary>Whether a file was written anew without a change.</summary>
    public bool SaysTheSameAs(ConfigurationCandidate other) =>
        Data.Count == other.Data.Count && Data.All(pair => other.Data.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private static ConfigurationCandidate Malformed(string error) =>
        new(new Dictionary<string, string?>(), null, [error]) { IsMalformed = true };

    private static string Explain(Exception exception) => (exception as JsonException ?? exception.InnerException as JsonException) is { } json
        ? $"line {json.LineNumber + 1}, position {json.BytePositionInLine + 1}: not JSON: {json.Message.Split(". ")[0].Split(" LineNumber")[0]}"
        : exception.Message;
}
