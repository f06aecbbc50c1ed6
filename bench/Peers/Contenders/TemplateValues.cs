namespace Peers.Contenders;

/// <summary>What a configuration template asks for.</summary>
/// <param name="Single">Values that stand for themselves; they may hold placeholders of other single values.</param>
/// <param name="Lists">Values for which a line is written once each.</param>
internal sealed record TemplateValues(IReadOnlyDictionary<string, string> Single, IReadOnlyDictionary<string, IReadOnlyList<string>> Lists);
